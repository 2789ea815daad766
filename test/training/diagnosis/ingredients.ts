/** Networks, optimizers and datasets of the small trainings that the tests diagnose. */
import { seededRandom } from '../../../src/datasets/random.js'
import { digitsCsv } from '../../support/digits.js'
import type { RequestInput, Uploads } from '../../support/engine-training.js'
import { prepared, reading, type Stored } from '../../support/prepared.js'

export type LayerInput = Exclude<NonNullable<RequestInput['network']>, 'auto'>['layers'][number]
type Activation = 'relu' | 'tanh' | 'sigmoid' | 'softmax' | 'linear'

export const dense = (units: number, activation: Activation): LayerInput => ({
  type: 'dense',
  units,
  activation,
})
const network = (...layers: LayerInput[]) => ({ layers })
export const binary = (...hidden: LayerInput[]) =>
  ({ network: network(...hidden, dense(1, 'sigmoid')), loss: 'binaryCrossentropy' }) as const
export const classes = (count: number, ...hidden: LayerInput[]) =>
  ({ network: network(...hidden, dense(count, 'softmax')), loss: 'categoricalCrossentropy' }) as const
export const regression = (...hidden: LayerInput[]) =>
  ({ network: network(...hidden, dense(1, 'linear')), loss: 'meanSquaredError' }) as const
export const sgd = (learningRate: number, momentum = 0) =>
  ({ optimizer: { type: 'sgd', learningRate, momentum } }) as const
export const adam = (learningRate: number, weightDecay = 0) =>
  ({ optimizer: { type: 'adam', learningRate, weightDecay } }) as const
export const moons = (rows: number, noise: number, seed = 1) =>
  ({ name: 'moons', rows, noise, seed }) as const

/** y = 2 x₁ − x₂ + sin 3x₁ with noise; each x is uniform from −1 to 1. */
export function surface(rows: number, noise: number, seed = 1): { x: number[][]; y: number[] } {
  const random = seededRandom(seed)
  const x = Array.from({ length: rows }, () => [2 * random.uniform() - 1, 2 * random.uniform() - 1])
  const y = x.map(([x1 = 0, x2 = 0]) => 2 * x1 - x2 + Math.sin(3 * x1) + noise * random.normal())
  return { x, y }
}
export const scaledBy = (
  { x, y }: ReturnType<typeof surface>,
  input: number,
  target: number,
  offset = 0,
) => ({
  x: x.map(([x1 = 0, x2 = 0]) => [input * x1, x2]),
  y: y.map((value) => offset + target * value),
})
/** Two overlapping clouds, the second with this share of the rows. */
function clouds(rows: number, share: number, distance: number, seed = 1): [number, number, string][] {
  const random = seededRandom(seed)
  return Array.from({ length: rows }, () => {
    const isRare = random.uniform() < share
    const [x1, x2] = [random.normal() + (isRare ? distance : 0), random.normal()]
    return [x1, x2, isRare ? 'rare' : 'usual']
  })
}
const column = <T>(rows: readonly (readonly T[])[], index: number) => rows.map((row) => row[index] as T)
async function cloudUpload(share: number, distance: number, seed = 1): Promise<Stored> {
  const rows = clouds(600, share, distance, seed)
  const numbers = (index: number) => column(rows, index).map(Number)
  return prepared(reading({ x1: [numbers(0)], x2: [numbers(1)], kind: [column(rows, 2).map(String)] }))
}

/** The first pictures of test/fixtures/data as an upload. */
async function digitUpload(
  rows: number,
  { labels = 'true' as 'true' | 'random', factor = 1 } = {},
): Promise<Stored> {
  const random = seededRandom(7)
  const lines = digitsCsv().trim().split('\n').slice(0, rows)
  const cells = lines.map((line) => line.split(',').map(Number))
  const pixels = Array.from({ length: 64 }, (_, index) => [
    `p${index}`,
    [column(cells, index).map((v) => factor * v)],
  ])
  const digits = column(cells, 64).map(
    (digit) => `d${labels === 'true' ? digit : Math.floor(10 * random.uniform())}`,
  )
  return prepared(reading({ ...Object.fromEntries(pixels), digit: [digits] }))
}

/** Columns `copy` or `code` determine the target of an otherwise noisy dataset. */
async function leakingUpload(kind: 'copy' | 'code'): Promise<Stored> {
  const rows = clouds(400, 0.5, 1)
  const noisy = { x1: [column(rows, 0).map(Number)], x2: [column(rows, 1).map(Number)] }
  if (kind === 'code') {
    const names = column(rows, 2).map(String)
    const code = names.map((name) => (name === 'rare' ? 'R-17' : 'U-04'))
    return prepared(reading({ ...noisy, code: [code], kind: [names] }))
  }
  const { x, y } = surface(400, 0.5)
  const cents = y.map((value) => 100 * value)
  return prepared(reading({ x1: [column(x, 0)], cents: [cents], price: [y] }))
}

export async function uploads(): Promise<Uploads> {
  return {
    ds_digits: await digitUpload(500),
    ds_fewDigits: await digitUpload(120),
    ds_randomDigits: await digitUpload(400, { labels: 'random' }),
    ds_largeDigits: await digitUpload(400, { factor: 16 }),
    ds_rare: await cloudUpload(0.05, 2),
    ds_rarer: await cloudUpload(0.03, 2.5, 2),
    ds_seventh: await cloudUpload(0.15, 3, 4),
    ds_even: await cloudUpload(0.4, 3),
    ds_code: await leakingUpload('code'),
    ds_copy: await leakingUpload('copy'),
  }
}

export const split = { validationSplit: 0.25 }
export const digits = { dataset: 'ds_digits', validationSplit: 0.2, batchSize: 20 } as const

export function randomAnswers() {
  const random = seededRandom(3)
  const x = Array.from({ length: 240 }, () => Array.from({ length: 10 }, () => random.normal()))
  return { x, y: x.map(() => (random.uniform() < 0.5 ? 0 : 1)) }
}
export function hardThenEasy() {
  const random = seededRandom(5)
  const x = Array.from({ length: 400 }, () => [2 * random.uniform() - 1, 2 * random.uniform() - 1])
  return { x, y: x.map(([x1 = 0, x2 = 0], row) => 2 * x1 - x2 + (row < 300 ? 0.8 : 0.05) * random.normal()) }
}
