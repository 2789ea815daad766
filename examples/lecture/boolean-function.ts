/** Networks of threshold units that represent a truth table. */
import type { Demonstration } from './demonstration.js'

/** All combinations of `inputs` bits in ascending order, most significant bit first. */
export function truthTableRows(inputs: number): number[][] {
  return Array.from({ length: 2 ** inputs }, (_, row) =>
    Array.from({ length: inputs }, (_, bit) => (row >> (inputs - 1 - bit)) & 1),
  )
}

/** Row numbers at which an odd number of three inputs are 1. */
export const parityOfThree: readonly number[] = [1, 2, 4, 7]

/** A body of `POST /models`. */
export function constructionRequest(inputs: number, trueRows: readonly number[]) {
  const name = `Lecture: true at ${trueRows.join(', ') || 'none'}`.slice(0, 200)
  return { name, construct: { dnf: { inputs, trueRows: [...trueRows] } } }
}

export const booleanFunction: Demonstration<{ targets: readonly number[]; outputs: readonly number[] }> = {
  title: 'Boolean functions',
  claim: 'A network can represent any Boolean function without training.',
  argument: 'a truth table, such as 01101001',
  plots: {
    terminal: 'the normal form, the size of the network and the truth table',
    page: 'the truth table',
  },
  assertion: 'The outputs equal the truth table.',
  holds: ({ targets, outputs }) => String(outputs) === String(targets),
}
