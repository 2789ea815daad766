/** The accepted spec of a job, and what validation says of it. */
import { z } from 'zod'
import { generatedDatasetSchema, scalingSchema } from './dataset.js'
import { derivedFeaturesSchema } from './derived-feature.js'
import { validationFoldSchema } from './folds.js'
import { classWeightSchema, splitSchema } from './job-request.js'
import { layerSummarySchema } from './model.js'
import { trainingSchema } from './network.js'
import { watchSchema } from './statistics.js'

/** An accepted job request: all defaults are set, and inline rows are replaced by the id of their dataset. */
export const jobSpecSchema = trainingSchema.extend({
  dataset: z.union([z.string(), generatedDatasetSchema]),
  validationSplit: z.number().describe('share of the rows that testSplit leaves'),
  validationFold: validationFoldSchema.optional(),
  testSplit: z.number().optional(),
  repeats: z.int().optional(),
  folds: z.int().optional(),
  validationDataset: z.union([z.string(), generatedDatasetSchema]).optional(),
  /** Specs of older versions have no split, which was random. */
  split: splitSchema.default('random'),
  classWeight: classWeightSchema.optional(),
  sampleWeight: z.string().optional(),
  excludedRows: z.array(z.int()).optional(),
  scaling: scalingSchema.default('none'),
  derivedFeatures: derivedFeaturesSchema.optional(),
  targetScaling: scalingSchema
    .default('none')
    .describe('scaling of number targets in the loss; predictions and evaluations are not scaled'),
  /** Absent in specs of older versions, which map weights by position. */
  fromMismatch: z.enum(['refuse', 'initialize']).optional(),
  inherited: z
    .array(z.enum(['scaling', 'targetScaling']))
    .optional()
    .describe('scalings taken from the model in `from`, because the request has none'),
  seed: z.int(),
  batchSize: z.union([z.int(), z.literal('full')]),
  from: z.string().optional(),
  watch: watchSchema.optional(),
  threads: z.int().default(1),
  stopAfter: z
    .int()
    .optional()
    .describe('the training ends after this epoch, and the model has the weights of that moment'),
})
export type JobSpec = z.infer<typeof jobSpecSchema>

/** The job that a request would create. */
export const jobValidationSchema = z.object({
  object: z.literal('validation'),
  spec: jobSpecSchema.describe('the accepted spec with all defaults; `dataset` is `inline` for inline rows'),
  layers: z.array(layerSummarySchema),
  parameters: z.int(),
  arenaBytes: z.int().describe('memory of the training, without its data'),
  stepsPerEpoch: z.int(),
  flopsPerEpoch: z.number().describe('floating-point operations'),
  estimatedSeconds: z
    .number()
    .describe(
      'duration of all epochs, estimated from past trainings of this service; with repeats and folds, of all trainings ' +
        'one after another',
    ),
})
export type JobValidation = z.infer<typeof jobValidationSchema>
