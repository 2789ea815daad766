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

/** The target's name and classes, where there is exactly one target. */
export function targetOf(columns: Column[]): Pick<Dataset, 'target' | 'classes'> {
  const targets = columns.filter((column) => column.role === 'target')
  const target = targets.length === 1 ? targets[0] : undefined
  return { target: target?.name ?? null, classes: target?.categories ?? null }
}
