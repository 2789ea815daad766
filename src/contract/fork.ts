/** Forks: the run of another job up to an epoch, then with changes. */
import { z } from 'zod'
import { generatedDatasetSchema } from './dataset.js'
import { earlyStoppingSchema, scheduleSchema, trainingFields } from './network.js'
import { text } from './text.js'

const partial = z.record(z.string(), z.unknown())

export const forkChangesSchema = z
  .strictObject({
    learningRate: z.number().positive().optional().describe('short for `{"optimizer": {"learningRate": …}}`'),
    optimizer: partial
      .optional()
      .describe(
        'another optimizer with its `type`, or some fields of the same one. Its state stays if the type does, and ' +
          'otherwise starts at zero',
      ),
    batchSize: trainingFields.batchSize,
    epochs: trainingFields.epochs.optional().describe('total number of epochs, counted from the first'),
    sampling: trainingFields.sampling.removeDefault().optional(),
    schedule: scheduleSchema.nullish().describe('null for a constant learning rate'),
    l1: trainingFields.l1,
    clipNorm: z.number().positive().nullish().describe('null for none'),
    earlyStopping: earlyStoppingSchema.omit({ folds: true }).nullish().describe('null for none'),
    dataset: z
      .union([text(100).min(1), generatedDatasetSchema])
      .optional()
      .describe(
        'other rows with the same columns: a `ds_…` id or a built-in. They are scaled as the rows before',
      ),
  })
  .describe('changes of the spec after the epoch, as a JSON merge patch (RFC 7396)')
export type ForkChanges = z.infer<typeof forkChangesSchema>

export const forkRequestSchema = z
  .strictObject({
    epoch: z.int().min(0).describe('the last epoch that is the same as in the other job; 0 for none'),
    changes: forkChangesSchema.optional(),
    name: text(200)
      .min(1)
      .optional()
      .describe('name of the job; by default that of the other with the epoch'),
  })
  .meta({ examples: [{ epoch: 200, changes: { learningRate: 0.001, epochs: 800 } }] })
export type ForkRequest = z.infer<typeof forkRequestSchema>

export const differenceSchema = z.object({
  object: z.literal('difference'),
  jobs: z.tuple([z.string(), z.string()]),
  equal: z
    .boolean()
    .describe('whether all that both have stored is equal, and both have the same number of epochs'),
  firstEpoch: z
    .int()
    .nullable()
    .describe(
      'the first epoch whose metrics differ in any bit, or that only one job has; null if all are equal',
    ),
  epochs: z.int().describe('the number of epochs that both have'),
  snapshots: z
    .array(z.object({ epoch: z.int(), sha256: z.tuple([z.string(), z.string()]), equal: z.boolean() }))
    .describe('hashes of the weights after epochs of which both have a snapshot, in order'),
  model: z
    .object({
      epochs: z.tuple([z.int().nullable(), z.int().nullable()]),
      sha256: z.tuple([z.string(), z.string()]),
      equal: z.boolean(),
    })
    .nullable()
    .describe('hashes of the final weights; null unless both jobs have a model'),
})
export type Difference = z.infer<typeof differenceSchema>
