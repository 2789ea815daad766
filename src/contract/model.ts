/** A trained model and what it answers. */
import { z } from 'zod'
import { codingSchema } from './dataset.js'
import { metricsSchema } from './epoch.js'
import { activationSchema, lossSchema, networkSchema } from './network.js'

export const layerSummarySchema = z.object({
  index: z.int(),
  type: z.string(),
  activation: activationSchema.optional(),
  inputShape: z.array(z.int()),
  outputShape: z.array(z.int()),
  parameters: z.int(),
})
export type LayerSummary = z.infer<typeof layerSummarySchema>

/** Where a tensor lies in the stored weights: float32 little-endian, `offset` counted in numbers. */
export const tensorSchema = z.object({ name: z.string(), shape: z.array(z.int()), offset: z.int() })
export type Tensor = z.infer<typeof tensorSchema>

export const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  name: z.string().nullable(),
  jobId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  network: networkSchema,
  loss: lossSchema,
  layers: z.array(layerSummarySchema),
  coding: codingSchema,
  columns: z.array(z.string()).describe('names of the inputs, in the order of a row'),
  classes: z.array(z.string()).nullable(),
  metrics: metricsSchema,
  parameters: z.int(),
  weightBytes: z.int(),
  weightSha256: z.string(),
  links: z.object({ self: z.string(), predict: z.string(), job: z.string().nullable() }),
})
export type Model = z.infer<typeof modelSchema>

export const predictionSchema = z.object({
  output: z.array(z.number()),
  label: z.string().optional(),
  probabilities: z.record(z.string(), z.number()).optional(),
})
export type Prediction = z.infer<typeof predictionSchema>

export const predictionsSchema = z.object({ modelId: z.string(), predictions: z.array(predictionSchema) })

/** A row as numbers in column order, or as an object of column names. */
export const predictionInputSchema = z.union([z.array(z.number()), z.record(z.string(), z.number())])
export const predictionRequestSchema = z.strictObject({
  inputs: z.array(predictionInputSchema).min(1).max(10_000),
})
