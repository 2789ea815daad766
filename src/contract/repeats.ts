/** What the trials of a job with `repeats` or `folds` measure, and the comparison of two jobs by their spread. */
import { z } from 'zod'
import { cellSchema } from './dataset.js'
import { metricsSchema } from './epoch.js'
import { jobStatusSchema } from './job-status.js'
import { predictionSchema } from './model.js'
import { sweepStatusSchema } from './sweep.js'

export const curveLimits = { points: 200, most: 1_000, values: 20_000 } as const

/** Of all intervals. */
export const confidenceLevel = 0.95

export const intervalSchema = z
  .object({ level: z.number(), low: z.number(), high: z.number() })
  .describe(
    'confidence interval of the mean by Student’s t distribution. For validation metrics, its variance is multiplied by ' +
      '1 + n · validation rows / training rows, because the trainings share rows (corrected resampled t: Nadeau and ' +
      'Bengio 2003)',
  )

export const estimateSchema = z.object({
  n: z.int().describe('trials with the metric'),
  mean: z.number(),
  deviation: z.number().nullable().describe('sample standard deviation; null for one trial'),
  interval: intervalSchema.nullable().describe('null for one trial'),
})
export type Estimate = z.infer<typeof estimateSchema>

const metricNames = ['loss', 'accuracy', 'valLoss', 'valAccuracy'] as const
export const repeatMetricSchema = z.enum(metricNames)
export type RepeatMetric = z.infer<typeof repeatMetricSchema>

export const estimatesSchema = z.object({
  loss: estimateSchema.nullable(),
  accuracy: estimateSchema.nullable(),
  valLoss: estimateSchema.nullable(),
  valAccuracy: estimateSchema.nullable(),
})

const bandSchema = z
  .array(z.number())
  .length(2)
  .nullable()
  .describe('mean and sample standard deviation (0 for one trial); null without the metric')

export const curvePointSchema = z.object({
  epoch: z.int(),
  n: z.int().describe('trials that have this epoch'),
  loss: bandSchema,
  accuracy: bandSchema,
  valLoss: bandSchema,
  valAccuracy: bandSchema,
})
export type CurvePoint = z.infer<typeof curvePointSchema>

export const repeatSchema = z.object({
  trial: z.int().describe('number of the trial, from 1'),
  repeat: z.int().describe('number of its seed, from 1'),
  fold: z.int().nullable().describe('number of the fold that it validates on, from 1'),
  jobId: z.string(),
  modelId: z.string().nullable(),
  status: jobStatusSchema,
  epoch: z.int(),
  metrics: metricsSchema,
})
export type Repeat = z.infer<typeof repeatSchema>

export const pooledSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('classification'),
      count: z.int(),
      classes: z.array(z.string()),
      confusion: z
        .array(z.array(z.int()))
        .nullable()
        .describe('confusion[i][j]: rows of class i predicted as class j, null for many classes'),
      accuracy: z.number().nullable(),
    }),
    z.object({
      type: z.literal('multiLabel'),
      count: z.int(),
      labels: z.array(
        z.object({
          name: z.string(),
          confusion: z.array(z.array(z.int())).describe('as in the evaluation of a model'),
        }),
      ),
    }),
    z.object({
      type: z.literal('regression'),
      count: z.int(),
      targets: z.array(
        z.object({
          name: z.string(),
          rmse: z.number().nullable(),
          mae: z.number().nullable(),
          r2: z.number().nullable().describe('against the mean of all rows; null for a constant target'),
        }),
      ),
    }),
  ])
  .describe(
    'the evaluation of all out-of-fold predictions together: each row counts once per repeat, predicted by the training ' +
      'without its fold',
  )
export type Pooled = z.infer<typeof pooledSchema>

export const repeatsSchema = z.object({
  object: z.literal('repeats'),
  jobId: z.string(),
  sweepId: z.string().describe('the sweep of the trials, which pauses, resumes and cancels them'),
  status: sweepStatusSchema,
  repeats: z.int().describe('seeds'),
  folds: z.int().nullable(),
  total: z.int().describe('trials: repeats × folds'),
  done: z.int().describe('trials that have succeeded'),
  metrics: estimatesSchema.describe('over the trials that have succeeded'),
  outOfFold: pooledSchema
    .nullable()
    .describe(
      'null without folds, and until all trials have succeeded and while one of their models is deleted',
    ),
  trials: z.array(repeatSchema).describe('those that exist, by number'),
  curves: z
    .array(curvePointSchema)
    .describe('the band of the curves: evenly spaced epochs over the trials that have them'),
})
export type Repeats = z.infer<typeof repeatsSchema>

export const comparedSchema = z.object({
  jobId: z.string(),
  value: z.number().nullable().describe('mean over the trials that succeeded, or the metric of a single job'),
  n: z.int().describe('trainings'),
  deviation: z.number().nullable(),
})
export type ComparedJob = z.infer<typeof comparedSchema>

export const jobComparisonSchema = z.object({
  object: z.literal('jobComparison'),
  metric: repeatMetricSchema,
  job: comparedSchema,
  other: comparedSchema,
  difference: z.number().nullable().describe('of job − other; null while a value is missing'),
  interval: intervalSchema.nullable().describe('of the difference; null without repeats of both'),
  test: z
    .enum(['paired', 'welch'])
    .nullable()
    .describe(
      '`paired`: the differences trial by trial, if both jobs have the same rows, seeds and folds (Nadeau and Bengio ' +
        '2003). `welch`: two ' +
        'independent samples (Welch 1947)',
    ),
  degreesOfFreedom: z.number().nullable().describe('of the t distribution'),
  pValue: z.number().nullable().describe('two-sided p value of the test'),
  verdict: z
    .enum(['larger', 'notLarger', 'unknown'])
    .describe('whether the difference is larger than the spread explains: the interval does not contain 0'),
  text: z.string().describe('the verdict as a sentence'),
  notices: z.array(z.string()).describe('reasons why the two values may not be comparable'),
})
export type JobComparison = z.infer<typeof jobComparisonSchema>

export const outOfFoldLimits = { rows: 100, most: 1_000 } as const

export const outOfFoldSchema = z.object({
  object: z.literal('outOfFold'),
  jobId: z.string(),
  repeat: z.int(),
  offset: z.int(),
  rows: z.array(
    z.object({
      row: z.int().describe('index in the dataset, from 0'),
      fold: z.int().nullable().describe('the fold of the row; null while its trial does not exist'),
      truth: z.array(cellSchema).describe('raw values of the targets; empty without a prediction'),
      prediction: predictionSchema
        .nullable()
        .describe('by the training without this fold; null while it has no model'),
    }),
  ),
  hasMore: z.boolean(),
})
export type OutOfFold = z.infer<typeof outOfFoldSchema>
