/** The rows whose predictions differ most between the models of two jobs. */
import { z } from 'zod'
import { jobPartSchema, worstRowSchema, worstRowsSchema } from './worst-rows.js'

/** Of more rows, an evenly spaced sample is compared. */
export const maximumComparedRows = 10_000
/** Outputs of all compared rows, so fewer rows for many classes. */
export const maximumComparedNumbers = 2 ** 22

export const changedPartSchema = z.enum([...jobPartSchema.options, 'excluded'])
export type ChangedPart = z.infer<typeof changedPartSchema>

export const changedRowSchema = worstRowSchema.extend({
  change: z
    .number()
    .describe(
      'the largest difference of an output: of a probability, or of a number in the unit of the target',
    ),
  other: worstRowSchema.pick({ loss: true, prediction: true }).describe('by the model of the other job'),
})

export const changedRowsSchema = worstRowsSchema
  .pick({ jobId: true, modelId: true, dataset: true, available: true, loss: true, columns: true })
  .extend({
    object: z.literal('changedRows'),
    with: z.object({ jobId: z.string(), modelId: z.string() }).describe('the other job'),
    split: changedPartSchema.describe('the rows of the job that were compared'),
    count: z
      .int()
      .describe(
        `rows compared: all, or an evenly spaced sample of at most ${maximumComparedRows}, fewer for many classes`,
      ),
    unanswered: z.int().describe('rows left out because a loss or an output was not finite'),
    meanChange: z.number().nullable().describe('mean of `change` over the compared rows; null without any'),
    labelsChanged: z
      .int()
      .nullable()
      .describe('compared rows with another predicted class; null without classes'),
    rows: z.array(changedRowSchema).describe('in descending order of the change'),
  })
export type ChangedRows = z.infer<typeof changedRowsSchema>
