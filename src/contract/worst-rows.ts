/** The rows of a job with the largest loss under its model. */
import { z } from 'zod'
import { cellSchema } from './dataset.js'
import { predictionSchema } from './model.js'
import { lossSchema } from './network.js'

/** Of more rows, an evenly spaced sample is ranked. */
export const maximumRankedRows = 1_000_000
export const maximumWorstRows = 1_000
export const defaultWorstRows = 20

export const jobPartSchema = z.enum(['training', 'validation'])
export type JobPart = z.infer<typeof jobPartSchema>

export const rowTruthSchema = z.object({
  output: z.array(z.number()).optional().describe('the targets, unless the target is a category'),
  label: z.string().optional(),
  labels: z.array(z.string()).optional().describe('of several boolean targets, those that are true'),
})

export const worstRowSchema = z.object({
  row: z.int().describe('index in the dataset, from 0'),
  loss: z
    .number()
    .describe('by the formula of the loss of the job, without class weights and sample weights'),
  prediction: predictionSchema,
  truth: rowTruthSchema.describe('the targets of the row, in the form of the prediction'),
  values: z.array(cellSchema).describe('raw values of `columns`, null where missing'),
})
export type WorstRow = z.infer<typeof worstRowSchema>

export const worstRowsSchema = z.object({
  object: z.literal('worstRows'),
  jobId: z.string(),
  modelId: z.string(),
  split: jobPartSchema.describe('the rows that were ranked'),
  dataset: z
    .string()
    .nullable()
    .describe('the dataset of these rows: an id or the name of a built-in, null for a generated one'),
  loss: lossSchema,
  available: z.int().describe('rows in the split with a value of each target'),
  count: z.int().describe(`rows ranked: all, or an evenly spaced sample of ${maximumRankedRows}`),
  unanswered: z.int().describe('rows left out because their loss or an output was not finite'),
  matching: z.int().describe('ranked rows in the cell of the request, or all'),
  columns: z.array(z.string()).describe('names of the columns, without ignored ones'),
  rows: z.array(worstRowSchema).describe('in descending order of the loss'),
})
export type WorstRows = z.infer<typeof worstRowsSchema>
