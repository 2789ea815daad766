/** What a dataset is: named columns over rows of numbers, the last of them (or the chosen one) the target. */
import { z } from 'zod'

/** Feature numbers as they came; categories are stored as an index into `categories`. */
export const columnSchema = z.object({
  name: z.string(),
  type: z.enum(['number', 'category']),
  role: z.enum(['feature', 'target']),
  /** Names of the classes, sorted, when `type` is `category`. */
  categories: z.array(z.string()).optional(),
  /** Rows of each category, in the order of `categories`. */
  counts: z.array(z.int()).optional(),
  /** Range and mean, when `type` is `number`. */
  min: z.number().optional(),
  max: z.number().optional(),
  mean: z.number().optional(),
})
export type Column = z.infer<typeof columnSchema>

/** How one feature's raw value enters the network: (value − mean) / scale. */
const featureCodingSchema = z.object({ name: z.string(), mean: z.number(), scale: z.number() })

/** How the network's outputs read as a target. `oneHot`: one output a class; `binary`: one output, ≥ ½ is the second class. */
const targetCodingSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('number'), names: z.array(z.string()) }),
  z.object({ type: z.literal('oneHot'), name: z.string(), classes: z.array(z.string()) }),
  z.object({ type: z.literal('binary'), name: z.string(), classes: z.array(z.string()).length(2) }),
])

/** Everything learned from the training rows that raw inputs need; it travels with the model. */
export const codingSchema = z.object({ features: z.array(featureCodingSchema), target: targetCodingSchema })
export type Coding = z.infer<typeof codingSchema>

export const datasetSchema = z.object({
  id: z.string().describe('a ds_… id, or the name of a built-in'),
  object: z.literal('dataset'),
  name: z.string().nullable(),
  origin: z.enum(['builtIn', 'uploaded', 'inline']),
  rows: z.int(),
  columns: z.array(columnSchema),
  target: z.string().nullable().describe('the target column, when there is one'),
  classes: z.array(z.string()).nullable(),
  bytes: z.int(),
  createdAt: z.iso.datetime().nullable(),
})
export type Dataset = z.infer<typeof datasetSchema>

const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0)
const rows = z.int().min(2).max(100_000)
const noise = (value: number) =>
  z.number().min(0).max(100).default(value).describe('standard deviation of the normal noise on each number')

export const generatedDatasetNames = ['parity', 'sine', 'blobs', 'moons', 'circles', 'spirals'] as const

/** A built-in dataset drawn by formula; the same request gives the same rows. */
export const generatedDatasetSchema = z.discriminatedUnion(
  'name',
  [
    z.strictObject({
      name: z.literal('parity'),
      inputs: z.int().min(1).max(16).default(4),
      rows: rows.optional().describe('rows drawn at random; the whole truth table, once, when left out'),
      seed,
    }),
    z.strictObject({ name: z.literal('sine'), rows: rows.default(200), noise: noise(0), seed }),
    z.strictObject({
      name: z.literal('blobs'),
      classes: z.int().min(2).max(10).default(3),
      rows: rows.default(300),
      noise: noise(0.5),
      seed,
    }),
    z.strictObject({
      name: z.enum(['moons', 'circles', 'spirals']),
      rows: rows.default(300),
      noise: noise(0.1),
      seed,
    }),
  ],
  { error: 'must be parity, sine, blobs, moons, circles or spirals: only these take settings' },
)
export type GeneratedDataset = z.infer<typeof generatedDatasetSchema>

/** The target's name and classes, where there is exactly one target. */
export function targetOf(columns: Column[]): Pick<Dataset, 'target' | 'classes'> {
  const targets = columns.filter((column) => column.role === 'target')
  const target = targets.length === 1 ? targets[0] : undefined
  return { target: target?.name ?? null, classes: target?.categories ?? null }
}
