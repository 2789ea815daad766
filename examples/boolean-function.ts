/** Constructs any Boolean function as a network of threshold units from its truth table, without training. */
import { type Model, modelSchema } from '../src/contract/model.js'
import { request } from './client.js'
import { constructionRequest, parityOfThree, truthTableRows } from './lecture/boolean-function.js'
import { predictOutputs } from './training.js'

export interface Constructed {
  inputs: number
  trueRows: number[]
  model: Model
  /** The network's output for each row of the truth table. */
  answers: number[]
}

/** @param truth the 2ⁿ values of the function as 0s and 1s, starting with row 0 … 0 */
export async function constructFunction(url: string, truth: string): Promise<Constructed> {
  const inputs = Math.log2(truth.length)
  if (!/^[01]{2,}$/.test(truth) || !Number.isInteger(inputs)) {
    throw new Error(`a truth table is 2, 4, 8, 16 … zeros and ones, not "${truth}"`)
  }
  const trueRows = [...truth].flatMap((value, row) => (value === '1' ? [row] : []))
  const model = await request(`${url}/models`, modelSchema, constructionRequest(inputs, trueRows))
  const answers = await predictOutputs(url, model.id, truthTableRows(inputs))
  return { inputs, trueRows, model, answers: answers.flat() }
}

/** 1 if an odd number of the three inputs are 1. */
export const parityTable = truthTableRows(3)
  .map((_, row) => (parityOfThree.includes(row) ? '1' : '0'))
  .join('')

export async function show(url: string, [truth = parityTable]: readonly string[]): Promise<void> {
  const { inputs, trueRows, model, answers } = await constructFunction(url, truth)
  const rows = truthTableRows(inputs)
  const terms = trueRows.map((row) =>
    rows[row].map((bit, index) => `${bit === 1 ? '' : '¬'}x${index + 1}`).join('∧'),
  )
  console.log(`f = ${terms.length === 0 ? '0' : terms.join(' ∨ ')}`)
  const units = model.layers.map((layer) => layer.outputShape.join('×')).join(' → ')
  console.log(
    `Network: ${inputs} → ${units} threshold units, ${model.parameters} weights, none of them trained.`,
  )
  for (const [row, bits] of rows.entries()) {
    const agrees = String(answers[row]) === truth[row]
    console.log(`  ${bits.join(' ')} → ${answers[row]}${agrees ? '' : `  WRONG, expected ${truth[row]}`}`)
  }
}
