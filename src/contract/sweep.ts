/**
 * Sweeps: many trainings of one spec, each with other values in some places. A sweep has points, and each point has one
 * trial (a job) per seed and fold.
 *
 *   ──► running ──────────────────► succeeded, or failed if no trial succeeded
 *        ▲  │ pause
 * resume │  ▼
 *       paused          running, paused ──► cancelled
 */
import { z } from 'zod'
import { maximumFolds } from './network.js'
import { text } from './text.js'

export const sweepLimits = {
  sweeps: 1_000,
  trials: 10_000,
  parameters: 20,
  values: 1_000,
  parallelism: 1_000,
  seeds: 100,
  refusals: 100,
  definitionBytes: 32 * 1024,
} as const

export const sweepLimitMeanings: Record<keyof typeof sweepLimits, string> = {
  sweeps: 'sweeps of a tenant',
  trials: 'trials of a sweep',
  parameters: 'parameters',
  values: 'values of a parameter',
  parallelism: 'trials of a sweep that are queued or running at a time',
  seeds: 'seeds',
  refusals: 'refused trials whose reasons are kept',
  definitionBytes: 'bytes of the request as JSON',
}

export const sweepStatusSchema = z.enum(['running', 'paused', 'succeeded', 'failed', 'cancelled'])
export type SweepStatus = z.infer<typeof sweepStatusSchema>

/** From which statuses a sweep may change to each. */
export const sweepTransitions = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  succeed: { from: ['running'], to: 'succeeded' },
  fail: { from: ['running'], to: 'failed' },
  cancel: { from: ['running', 'paused'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly SweepStatus[]; to: SweepStatus }>

/** Statuses that a sweep can leave. */
export const unfinishedSweepStatuses: readonly SweepStatus[] = sweepTransitions.cancel.from

const pathSchema = text(200)
  .regex(/^(\/([^~/]|~[01])+)+$/, 'must be a JSON Pointer into the spec, like /optimizer/learningRate')
  .describe('JSON Pointer of the place in the spec (RFC 6901)')

const valueSchema = z.unknown().meta({ description: 'any JSON value that the place accepts' })

export const conditionSchema = z
  .strictObject({
    path: pathSchema.describe('path of an earlier parameter'),
    in: z.array(valueSchema).min(1).max(sweepLimits.values).describe('values of that parameter'),
  })
  .describe(
    'varies this place only while the other parameter has one of the values; otherwise the spec decides',
  )

export const parameterFields = z.strictObject({
  path: pathSchema,
  values: z.array(valueSchema).min(1).max(sweepLimits.values).optional().describe('the values of this place'),
  min: z.number().optional().describe('instead of values: the lower end of a range'),
  max: z.number().optional().describe('the upper end, which is included'),
  scale: z.enum(['linear', 'log']).optional().describe('of a range; `log`: equal ratios are equally likely'),
  integer: z.boolean().optional().describe('whether a range has whole numbers only'),
  steps: z
    .int()
    .min(2)
    .max(sweepLimits.values)
    .optional()
    .describe('of a range in a grid: its number of evenly spaced values, with both ends'),
  when: conditionSchema.optional(),
})

const rangeFields = ['min', 'max', 'scale', 'integer', 'steps'] as const

const parameterSchema = parameterFields.refine(
  (parameter) =>
    parameter.values === undefined
      ? parameter.min !== undefined && parameter.max !== undefined
      : rangeFields.every((field) => parameter[field] === undefined),
  'must have either values, or min and max',
)
export type SweepParameter = z.infer<typeof parameterSchema>

export interface Range {
  min: number
  max: number
  scale: 'linear' | 'log'
  integer: boolean
  steps: number | undefined
}

/** The values of a parameter, or its range. */
export function parameterDomain({
  values,
  min = 0,
  max = 0,
  scale = 'linear',
  integer = false,
  steps,
}: SweepParameter): { values: readonly unknown[] } | { range: Range } {
  return values === undefined ? { range: { min, max, scale, integer, steps } } : { values }
}

const seedSchema = z
  .int()
  .min(0)
  .max(2 ** 20)

export const searchSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('grid').describe('every combination of the values') }),
  z.strictObject({
    type: z.literal('random').describe('independent draws (Bergstra and Bengio 2012)'),
    points: z.int().min(1).max(sweepLimits.trials),
    seed: seedSchema.default(1).describe('of the draws; the same seed draws the same points'),
  }),
  z.strictObject({
    type: z
      .literal('asha')
      .describe(
        'stops trials early that are worse than most others (asynchronous successive halving, Li et al. 2020)',
      ),
    points: z
      .int()
      .min(1)
      .max(sweepLimits.trials)
      .optional()
      .describe('number of draws as with `random`; without it, the points are those of the grid'),
    seed: seedSchema.default(1).describe('of the draws, and of the choice of brackets'),
    minimumEpochs: z.int().min(1).describe('epochs before the first decision'),
    reduction: z
      .int()
      .min(2)
      .max(10)
      .default(4)
      .describe(
        'decisions follow after minimumEpochs · reduction^n epochs; about 1 / reduction of the trials go on',
      ),
    brackets: z
      .int()
      .min(1)
      .max(5)
      .default(1)
      .describe(
        'number of brackets; each has its first decision later than the one before by the factor `reduction`',
      ),
  }),
  z.strictObject({
    type: z
      .literal('tpe')
      .describe(
        'draws points that resemble the best so far (tree-structured Parzen estimator, Bergstra et al. 2011)',
      ),
    points: z.int().min(1).max(sweepLimits.trials),
    seed: seedSchema.default(1).describe('of the draws'),
    randomPoints: z
      .int()
      .min(1)
      .max(sweepLimits.trials)
      .default(10)
      .describe('points with a result that are drawn as with `random` before the first choice'),
  }),
])
export type Search = z.infer<typeof searchSchema>

const sweepMetricSchema = z.enum(['loss', 'accuracy', 'valLoss', 'valAccuracy'])
export type SweepMetric = z.infer<typeof sweepMetricSchema>

export const directionSchema = z.enum(['minimize', 'maximize'])
export type SweepDirection = z.infer<typeof directionSchema>

export const sweepDirection: Record<SweepMetric, SweepDirection> = {
  loss: 'minimize',
  accuracy: 'maximize',
  valLoss: 'minimize',
  valAccuracy: 'maximize',
}

export const sweepRequestSchema = z
  .strictObject({
    name: text(150)
      .min(1)
      .optional()
      .describe('name to show in lists, and to begin the names of its jobs with'),
    spec: z
      .record(z.string(), z.unknown())
      .describe(
        'a body of `POST /jobs`, which every trial starts from; rows must be a stored or built-in dataset',
      ),
    parameters: z
      .array(parameterSchema)
      .min(1)
      .max(sweepLimits.parameters)
      .describe('places of the spec to vary'),
    search: searchSchema.default({ type: 'grid' }),
    metric: sweepMetricSchema
      .default('valLoss')
      .describe('final metric of the trials that ranks them: losses low, accuracies high'),
    seeds: z
      .int()
      .min(1)
      .max(sweepLimits.seeds)
      .default(1)
      .describe('trials per point, with consecutive seeds; a point has the mean of their scores'),
    folds: z
      .int()
      .min(2)
      .max(maximumFolds)
      .optional()
      .describe(
        'trials per point and seed: each has one fold of the rows as its validation rows (`validationFold`), and a point ' +
          'has the mean of their scores. All points have the same folds',
      ),
    parallelism: z
      .int()
      .min(1)
      .max(sweepLimits.parallelism)
      .optional()
      .describe(
        `most trials that are queued or running at a time. By default ${sweepLimits.parallelism.toLocaleString('en')}; with ` +
          '`tpe` those of a tenth of the points, at most 20 points, because later points learn from earlier ones only',
      ),
    budgetSeconds: z
      .number()
      .positive()
      .optional()
      .describe('no trial starts after the trials have trained for this long in total'),
  })
  .meta({
    examples: [
      {
        name: 'learning rates',
        spec: { dataset: 'iris', epochs: 20, validationSplit: 0.2, seed: 1 },
        parameters: [
          { path: '/optimizer', values: [{ type: 'adam', learningRate: 0.01 }] },
          { path: '/optimizer/learningRate', min: 0.001, max: 0.1, scale: 'log', steps: 3 },
          { path: '/batchSize', values: [8, 32] },
        ],
      },
    ],
  })
export type SweepRequest = z.infer<typeof sweepRequestSchema>

/** Points of a `tpe` search that are trained at a time, unless the request says otherwise. */
const tpePoints = { most: 20, share: 0.1 }

export function defaultParallelism({
  search,
  seeds,
  folds = 1,
}: Pick<SweepRequest, 'search' | 'seeds' | 'folds'>): number {
  if (search.type !== 'tpe') return sweepLimits.parallelism
  const points = Math.min(tpePoints.most, Math.ceil(tpePoints.share * search.points))
  return Math.min(sweepLimits.parallelism, points * seeds * folds)
}

const valuesSchema = z
  .record(z.string(), z.unknown())
  .describe('the value at each path; without places that are left as in the spec')

const time = z.iso.datetime()

export const sweepSummarySchema = z.object({
  id: z.string(),
  object: z.literal('sweep'),
  name: z.string().nullable(),
  status: sweepStatusSchema,
  spec: sweepRequestSchema.shape.spec,
  parameters: z.array(parameterFields),
  search: searchSchema,
  metric: sweepMetricSchema,
  direction: directionSchema,
  seeds: z.int(),
  folds: z.int().nullable(),
  parallelism: z.int(),
  budgetSeconds: z.number().nullable(),
  trials: z.int().describe('number of trials: points × seeds × folds'),
  created: z.int().describe('trials that were queued or refused so far'),
  isOverBudget: z.boolean().describe('whether the budget ended the creation of trials'),
  createdAt: time,
  finishedAt: time.nullable(),
  jobId: z
    .string()
    .nullable()
    .describe('of the trials of a job with `repeats` or `folds`: that job. Lists have no such sweeps'),
  links: z.object({ self: z.string(), trials: z.string() }),
})
export type SweepSummary = z.infer<typeof sweepSummarySchema>

export const sweepPointSchema = z.object({
  point: z.int().describe('number of the point, from 1'),
  values: valuesSchema,
  score: z.number().describe('mean of the metric over its seeds and folds'),
  deviation: z
    .number()
    .nullable()
    .describe('sample standard deviation over its seeds and folds; null for one trial'),
  jobIds: z.array(z.string()),
  modelId: z.string().nullable().describe('model of its best trial'),
})

export const sweepSchema = sweepSummarySchema.extend({
  counts: z
    .object({
      queued: z.int(),
      running: z.int(),
      paused: z.int(),
      succeeded: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      refused: z.int().describe('trials whose values are not valid together'),
      deleted: z.int().describe('trials whose job was deleted'),
    })
    .describe('trials by the status of their jobs'),
  refusals: z
    .array(z.object({ trial: z.int(), message: z.string() }))
    .describe(`the first ${sweepLimits.refusals} refused trials`),
  epochs: z.int().describe('epochs of all trials, with those in `continuedEpochs`'),
  continuedEpochs: z
    .int()
    .describe('epochs that trials took over from the checkpoints of other trials, and did not train again'),
  trainingSeconds: z.number().describe('training time of all trials'),
  best: z.array(sweepPointSchema).describe('the best ten points, of those whose trials all succeeded'),
  estimatedFinishAt: time.nullable(),
})
export type Sweep = z.infer<typeof sweepSchema>

export const trialSchema = z.object({
  object: z.literal('trial'),
  trial: z.int().describe('number of the trial, from 1'),
  point: z.int(),
  values: valuesSchema,
  seed: z.int(),
  fold: z.int().nullable().describe('number of the fold that it validates on, from 1'),
  jobId: z.string(),
  modelId: z.string().nullable(),
  status: z.string(),
  epoch: z.int(),
  score: z.number().nullable().describe('the metric; null until the trial succeeded'),
  rungs: z
    .array(z.number())
    .describe('with `asha`: the metric at each decision so far; a trial that was stopped is cancelled'),
  trainingSeconds: z.number(),
})
export type Trial = z.infer<typeof trialSchema>

/** In a job. */
export const jobSweepSchema = z.object({
  id: z.string().describe('the sweep'),
  trial: z.int().describe('number of the trial, from 1; 0 for a job with `folds`, beside its trials'),
})
export type JobSweep = z.infer<typeof jobSweepSchema>
