/** Networks of threshold units that represent a truth table. */
import { type Controls, demonstration } from './demonstration.js'
import type { Laboratory, Network } from './laboratory.js'

/** All combinations of `inputs` bits in ascending order, most significant bit first. */
function truthTableRows(inputs: number): number[][] {
  return Array.from({ length: 2 ** inputs }, (_, row) =>
    Array.from({ length: inputs }, (_, bit) => (row >> (inputs - 1 - bit)) & 1),
  )
}

/** The rows at which a function is true; `table` has one bit for each row, row 0 in the highest. */
export function trueRowsOf(table: number, inputs: number): number[] {
  const rows = 2 ** inputs
  return Array.from({ length: rows }, (_, row) => row).filter((row) => (table >> (rows - 1 - row)) & 1)
}

/** 1 if an odd number of three inputs are 1. */
const parityOfThree = 0b01101001

/** A body of `POST /models`. */
export function constructionRequest(inputs: number, trueRows: readonly number[]) {
  const name = `Lecture: true at ${trueRows.join(', ') || 'none'}`.slice(0, 200)
  return { name, construct: { dnf: { inputs, trueRows: [...trueRows] } } }
}

/** The disjunctive normal form: one conjunction for each true row. */
function normalForm(inputs: number, trueRows: readonly number[]): string {
  const rows = truthTableRows(inputs)
  const term = (row: number) =>
    rows[row].map((bit, index) => `${bit === 1 ? '' : '¬'}x${index + 1}`).join('∧')
  return trueRows.length === 0 ? '0' : trueRows.map(term).join(' ∨ ')
}

interface Figures {
  inputs: number
  trueRows: number[]
  network: Pick<Network, 'parameters'>
  outputs: number[]
}

async function constructed(laboratory: Laboratory, inputs: number, trueRows: number[]): Promise<Figures> {
  const network = await laboratory.construct(inputs, trueRows)
  const outputs = (await network.predict(truthTableRows(inputs))).flat()
  return { inputs, trueRows, network, outputs }
}

const targetsOf = ({ inputs, trueRows }: Figures) =>
  truthTableRows(inputs).map((_, row) => (trueRows.includes(row) ? 1 : 0))

const controls = {
  table: {
    label: 'truth table, 8 bits for 000 to 111',
    values: Array.from({ length: 256 }, (_, table) => table),
    initial: parityOfThree,
  },
} satisfies Controls

const holds = (figures: Figures) => String(figures.outputs) === String(targetsOf(figures))

/** Builds the network of any truth table. @param truth the 2ⁿ values of the function as 0s and 1s, row 0 … 0 first */
export function booleanFigures(laboratory: Laboratory, truth: string): Promise<Figures> {
  const inputs = Math.log2(truth.length)
  if (!/^[01]{2,}$/.test(truth) || !Number.isInteger(inputs)) {
    throw new Error(`a truth table is 2, 4, 8, 16 … zeros and ones, not "${truth}"`)
  }
  const trueRows = [...truth].flatMap((value, row) => (value === '1' ? [row] : []))
  return constructed(laboratory, inputs, trueRows)
}

export const booleanFunction = demonstration<Figures, typeof controls>({
  title: 'Boolean functions',
  claim: 'A network with one hidden layer represents any Boolean function, without training.',
  formula: [
    'f = ⋁_{f(r)=1} ⋀_i ( x_i = r_i )',
    'h_r = [ ∑_i ±x_i ≥ n_r − {1}/{2} ]',
    'f = [ ∑_r h_r ≥ {1}/{2} ]',
  ],
  notice: 'Each true row costs one hidden unit, so the parity of n inputs needs half of all 2ⁿ rows.',
  reference: {
    text: 'McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity, 1943',
    url: 'https://doi.org/10.1007/BF02478259',
  },
  controls,
  assertion: 'The outputs equal the truth table.',
  measure: (laboratory, { table }) => constructed(laboratory, 3, trueRowsOf(table, 3)),
  holds,
  show(figures) {
    const { inputs, trueRows, network, outputs } = figures
    const targets = targetsOf(figures)
    return {
      summary: `f = ${normalForm(inputs, trueRows)}. True rows: ${trueRows.length}, parameters: ${network.parameters}, none of them trained.`,
      plots: [
        {
          type: 'table',
          title: 'Truth table',
          heads: [
            truthTableRows(inputs)[0]
              .map((_, index) => `x${index + 1}`)
              .join(' '),
            'target',
            'output',
          ],
          rows: truthTableRows(inputs).map((bits, row) => [
            bits.join(' '),
            String(targets[row]),
            `${outputs[row]}${outputs[row] === targets[row] ? '' : ' WRONG'}`,
          ]),
        },
      ],
    }
  },
  async *attack(laboratory) {
    for (const inputs of [1, 2, 3]) {
      const tables = Array.from({ length: 2 ** (2 ** inputs) }, (_, table) => trueRowsOf(table, inputs))
      const all = await Promise.all(tables.map((trueRows) => constructed(laboratory, inputs, trueRows)))
      const wrong = all.filter((each) => !holds(each)).length
      const change = `all ${tables.length} functions of ${inputs} inputs`
      yield { change, figure: `${wrong} wrong`, isOverturned: wrong > 0 }
    }
    for (const inputs of [4, 6, 8]) {
      const odd = truthTableRows(inputs).flatMap((bits, row) =>
        bits.filter(Boolean).length % 2 ? [row] : [],
      )
      const isRight = holds(await constructed(laboratory, inputs, odd))
      yield {
        change: `parity of ${inputs} inputs`,
        figure: isRight ? 'right' : 'wrong',
        isOverturned: !isRight,
      }
    }
  },
})
