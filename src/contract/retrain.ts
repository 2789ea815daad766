/** Retraining: the spec of a model's job on another dataset, and the comparison of both models. */
import { z } from 'zod'
import { generatedDatasetSchema } from './dataset.js'
import { evaluationSchema } from './evaluation.js'
import { registeredNameSchema } from './registry.js'
import { text } from './text.js'

const datasetSchema = z.union([text(100).min(1), generatedDatasetSchema])

export const retrainRequestSchema = z
  .strictObject({
    dataset: datasetSchema.describe('a `ds_…` id, the name of a built-in, or a generated built-in'),
    from: z
      .enum(['weights', 'scratch'])
      .default('scratch')
      .describe('whether the training starts from the weights of the model or from new ones'),
    fromMismatch: z
      .enum(['refuse', 'initialize'])
      .optional()
      .describe('with `"from": "weights"`, as in POST /jobs'),
    registry: registeredNameSchema
      .optional()
      .describe('the name whose next version the new model becomes, if the job succeeds'),
    name: text(200).min(1).optional().describe('name of the job; by default, the name of the earlier job'),
    validationSplit: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe('share of the rows held out, on which both models are compared; as in the spec by default'),
    validationDataset: datasetSchema
      .optional()
      .describe('dataset on which both models are compared instead of a split; as in the spec by default'),
  })
  .refine(
    ({ validationSplit, validationDataset }) =>
      validationSplit === undefined || validationDataset === undefined,
    {
      path: ['validationDataset'],
      message: 'cannot be combined with validationSplit',
    },
  )
  .meta({
    examples: [{ dataset: 'xor', from: 'scratch', registry: 'logic' }],
  })
export type RetrainRequest = z.infer<typeof retrainRequestSchema>

/** In a job that retrains. */
export const retrainingSchema = z.object({
  modelId: z.string().describe('the earlier model, which the new one is compared with'),
  registry: z.string().nullable().describe('the name whose next version the new model becomes'),
})

export const comparedSchema = z.object({ modelId: z.string(), evaluation: evaluationSchema })

export const comparisonSchema = z.object({
  object: z.literal('comparison'),
  jobId: z.string(),
  rows: z
    .enum(['validation', 'training'])
    .describe(
      'the rows of the job on which both were evaluated: its training rows if it has no validation rows',
    ),
  before: comparedSchema.describe('the earlier model'),
  after: comparedSchema.describe('the new model'),
})
export type Comparison = z.infer<typeof comparisonSchema>
