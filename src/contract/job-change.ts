/** Changes of a job during its run. */
import { z } from 'zod'
import { generatedDatasetSchema } from './dataset.js'
import { hasAField, labelChangeFields, noField } from './labels.js'
import { earlyStoppingSchema, optimizerSchema, trainingFields, trainingSchema } from './network.js'

const runChangeFields = {
  afterEpoch: z
    .int()
    .min(0)
    .optional()
    .describe('the last epoch without the change; by default, the last one that has begun'),
  learningRate: z.number().positive().optional().describe('new learning rate of an unfinished job'),
  epochs: trainingFields.epochs.optional().describe('new number of epochs of an unfinished job'),
}
const runChangeSchema = z.object(runChangeFields)

const hasField = (change: object, fields: object) =>
  Object.entries(change).some(([name, value]) => value !== undefined && Object.hasOwn(fields, name))
export const changesRun = (change: object) => hasField(change, runChangeFields)
const changesLabels = (change: object) => hasField(change, labelChangeFields)
export type RunChange = z.infer<typeof runChangeSchema>

export const jobChangeSchema = z
  .strictObject({ ...labelChangeFields, ...runChangeFields })
  .refine(hasAField, noField)
  .refine(
    ({ afterEpoch, learningRate, epochs }) =>
      afterEpoch === undefined || learningRate !== undefined || epochs !== undefined,
    { path: ['afterEpoch'], message: 'needs learningRate or epochs' },
  )
  // The two kinds of changes are stored separately, so one could take effect without the other.
  .refine((change) => !changesRun(change) || !changesLabels(change), {
    message: 'changes either the run (learningRate, epochs) or its name, notes, tags and metadata',
  })
  .meta({ examples: [{ notes: 'the first with dropout', tags: ['baseline'], metadata: { team: 'blue' } }] })

/** The changes that a resumed job may make. */
export const resumeFields = z
  .strictObject({
    epochs: trainingFields.epochs.optional(),
    learningRate: z.number().positive().optional(),
  })
  .meta({ examples: [{ epochs: 800, learningRate: 0.001 }] })
// A request without a body is validated as null.
export const resumeRequestSchema = resumeFields.nullish()
export type ResumeRequest = z.infer<typeof resumeRequestSchema>

/** The fields of a spec that may change during a run. Others than the first two are present if they change; null for none. */
export const settingsSchema = z.object({
  epochs: z.int(),
  learningRate: z.number(),
  optimizer: optimizerSchema.optional(),
  batchSize: z.union([z.int(), z.literal('full')]).optional(),
  sampling: trainingSchema.shape.sampling.optional(),
  schedule: trainingSchema.shape.schedule.nullable(),
  l1: trainingSchema.shape.l1.nullable(),
  clipNorm: trainingSchema.shape.clipNorm.nullable(),
  earlyStopping: earlyStoppingSchema.nullish(),
  dataset: z.union([z.string(), generatedDatasetSchema]).optional(),
})
export type Settings = z.infer<typeof settingsSchema>

export const changeSchema = z.object({
  at: z.iso.datetime(),
  fromEpoch: z.int().describe('the first epoch with the change; an epoch in progress ends without it'),
  before: settingsSchema,
  after: settingsSchema,
})
export type Change = z.infer<typeof changeSchema>
