/** Which columns the model of a job uses, and how its predictions depend on one of them. */
import { z } from 'zod'
import { cellSchema, columnTypeSchema } from './dataset.js'
import { jobPartSchema } from './worst-rows.js'

/** Of more rows, an evenly spaced sample is used. */
export const maximumShuffledRows = 10_000
/** Below this many rows, a request is refused instead of a smaller sample. */
export const minimumShuffledRows = 50
/** Maximum work of a request, in floating-point operations of the predictions. */
export const maximumImportanceOperations = 100e9
/** Maximum numbers of the encoded rows, 4 bytes each. */
export const maximumEncodedNumbers = 2 ** 24

export const repeatLimits = { default: 5, most: 50 }
export const pointLimits = { default: 20, most: 100 }

const rowFields = {
  jobId: z.string(),
  modelId: z.string(),
  split: jobPartSchema.describe('the rows that were used: the training rows if the job has no others'),
  available: z.int().describe('rows in the split with a value of each target'),
  count: z
    .int()
    .describe(
      `rows used: an evenly spaced sample of at most ${maximumShuffledRows}, fewer for large networks or many columns`,
    ),
}

export const importanceSchema = z.object({
  object: z.literal('importance'),
  ...rowFields,
  score: z
    .enum(['accuracy', 'r2'])
    .describe(
      'the share of right classes, or of right labels of several boolean targets; R² for numbers, the mean over several',
    ),
  baseline: z.number().describe('score of the unchanged rows'),
  repeats: z.int(),
  seed: z.int(),
  columns: z
    .array(
      z.object({
        name: z.string(),
        mean: z.number().describe('mean decrease of the score when the column is shuffled'),
        deviation: z.number().describe('standard deviation over the repeats, with the divisor n'),
        decreases: z.array(z.number()).describe('the decrease of each repeat'),
      }),
    )
    .describe('the features in descending order of the mean'),
})
export type Importance = z.infer<typeof importanceSchema>

export const dependenceSchema = z.object({
  object: z.literal('dependence'),
  ...rowFields,
  column: z.string(),
  type: columnTypeSchema.exclude(['ignored']),
  outputs: z
    .array(z.string())
    .describe('what is predicted: classes, the second class of a single output, or targets'),
  areProbabilities: z.boolean(),
  points: z
    .array(
      z.object({
        value: cellSchema.describe('as GET /jobs/{id}/rows shows it'),
        means: z
          .array(z.number().nullable())
          .describe(
            'mean of each output over the rows if all had this value, in the unit of the target; null if none is finite',
          ),
      }),
    )
    .describe(
      'values that occur: quantiles of numbers and dates, ascending, or the most frequent categories',
    ),
})
export type Dependence = z.infer<typeof dependenceSchema>
