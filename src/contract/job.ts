/**
 * A job and its life:
 *
 *              ┌─ worker died or was stopped ─┐
 *              ▼                              │
 *   ──────► queued ───────────────────────► running ──► succeeded
 *            ▲  │                             │
 *     resume │  │ pause                 pause │
 *            │  ▼                             │
 *           paused ◄──────────────────────────┘
 *
 *   queued, running, paused ──► cancelled        running ──► failed
 */
import { z } from 'zod'
import { generatedDatasetSchema, scalingSchema } from './dataset.js'
import { metricsSchema } from './epoch.js'
import { maximumRepeats, validationFoldSchema } from './folds.js'
import { hasAField, labelChangeFields, labelsSchema, metadataSchema, noField } from './labels.js'
import { layerSummarySchema } from './model.js'
import {
  earlyStoppingSchema,
  lossSchema,
  maximumFolds,
  networkSchema,
  optimizerSchema,
  trainingFields,
  trainingSchema,
} from './network.js'
import { modelReferenceSchema } from './registry.js'
import { retrainingSchema } from './retrain.js'
import { watchSchema } from './statistics.js'
import { jobSweepSchema } from './sweep.js'
import { jobTestSchema } from './test-evaluation.js'
import { text } from './text.js'

export const jobStatusSchema = z.enum(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'])
export type JobStatus = z.infer<typeof jobStatusSchema>

/**
 * Every way in which the status of a job changes. `store/transitions.ts` makes the SQL of each, and a trigger of the
 * database refuses all other changes.
 */
export const transitions = {
  claim: { from: ['queued'], to: 'running' },
  release: { from: ['running'], to: 'queued' },
  pause: { from: ['queued', 'running'], to: 'paused' },
  resume: { from: ['paused'], to: 'queued' },
  succeed: { from: ['running'], to: 'succeeded' },
  fail: { from: ['running'], to: 'failed' },
  cancel: { from: ['queued', 'running', 'paused'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly JobStatus[]; to: JobStatus }>
export type Transition = keyof typeof transitions

/** The status of a new job. */
export const initialStatus = 'queued' satisfies JobStatus

const changes: readonly { from: readonly JobStatus[]; to: JobStatus }[] = Object.values(transitions)

/** No transition leaves it. */
export function isFinished(status: JobStatus): boolean {
  return changes.every(({ from }) => !from.includes(status))
}

export const finishedStatuses = jobStatusSchema.options.filter(isFinished)
export const unfinishedStatuses = jobStatusSchema.options.filter((status) => !isFinished(status))

/** The statuses from which a job may change to `to`. */
export function previousStatuses(to: JobStatus): JobStatus[] {
  return jobStatusSchema.options.filter((status) =>
    changes.some((change) => change.to === to && change.from.includes(status)),
  )
}

const finiteNumber = z.number()

const splitSchema = z.enum(['stratified', 'random', 'chronological'])
export type Split = z.infer<typeof splitSchema>

const maximumClassWeights = 10_000

const classWeightSchema = z.union(
  [
    z.literal('balanced'),
    z
      .record(z.string().normalize('NFC'), z.number().positive())
      .refine((weights) => Object.keys(weights).length <= maximumClassWeights)
      .meta({ maxProperties: maximumClassWeights }),
  ],
  {
    error: `must be "balanced" or an object that maps at most ${maximumClassWeights} class names to positive weights`,
  },
)
export type ClassWeight = z.infer<typeof classWeightSchema>

const maximumExcludedRows = 10_000
const excludedRowsSchema = z.array(z.int().min(0)).min(1).max(maximumExcludedRows)

const inlineDatasetSchema = z.strictObject({
  x: z
    .array(z.union([finiteNumber, z.array(finiteNumber).min(1)]))
    .min(1)
    .describe('features, one item per row'),
  y: z
    .array(z.union([finiteNumber, z.array(finiteNumber).min(1)]))
    .min(1)
    .describe('targets, one item per row'),
})
export type InlineDataset = z.infer<typeof inlineDatasetSchema>

export const jobRequestSchema = z
  .strictObject({
    name: text(200).min(1).optional().describe('name to show in lists'),
    dataset: z
      .union([text(100).min(1), inlineDatasetSchema, generatedDatasetSchema])
      .describe('a `ds_…` id, the name of a built-in, a generated built-in with its parameters, or rows'),
    ...trainingFields,
    network: z
      .union([networkSchema, z.literal('auto')])
      .default('auto')
      .describe(
        'layers, or `auto`: one hidden layer of 100 relu units and a last layer that fits the target. With `auto`, the ' +
          'service also chooses loss, optimizer, epochs and earlyStopping when they are left out. With `from`, the ' +
          'network is that of the model',
      ),
    loss: lossSchema.optional().describe('loss to minimize, required unless the network is `auto`'),
    optimizer: optimizerSchema.optional().describe('optimizer and learning rate. Default: `adam` with 0.001'),
    epochs: trainingFields.epochs
      .optional()
      .describe('passes over the training rows, required unless the network is `auto`'),
    earlyStopping: earlyStoppingSchema
      .nullish()
      .describe('when to stop before `epochs`. Null means never, also with `auto`'),
    validationSplit: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe('share of the rows held out. Default: 0, unless the network is `auto`'),
    validationFold: validationFoldSchema
      .optional()
      .describe(
        'one fold of the shuffled rows as validation rows, instead of a share. Folds have the sizes and class counts of ' +
          'KFold and StratifiedKFold of scikit-learn',
      ),
    testSplit: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe(
        'share of the rows kept apart as test rows, selected by `split`. No training, validation, scaling or encoding ' +
          'uses their values. Jobs with the same share keep the same rows apart, whatever their seed',
      ),
    repeats: z
      .int()
      .min(2)
      .max(maximumRepeats)
      .optional()
      .describe(
        'trainings with consecutive seeds, of which the job is the first. `GET /jobs/{id}/repeats` has their mean and ' +
          'deviation. With `folds`, each repeat shuffles the folds anew',
      ),
    folds: z
      .int()
      .min(2)
      .max(maximumFolds)
      .optional()
      .describe(
        'cross-validation: the job trains on all rows, and beside it one training without each fold is validated on the ' +
          'rows of that fold',
      ),
    validationDataset: z
      .union([text(100).min(1), generatedDatasetSchema])
      .optional()
      .describe(
        'dataset with validation rows instead of a split. It has the same columns, and is named as in `dataset`',
      ),
    split: splitSchema
      .optional()
      .describe(
        'how validationSplit, validationFold and testSplit select rows: `stratified` by class (default for classes), `random` (default for numbers), ' +
          'or `chronological`: the last rows',
      ),
    classWeight: classWeightSchema
      .optional()
      .describe(
        'weight of each class in the loss: `balanced` (rows / (classes · rows of the class), over the training rows) or ' +
          'an object of weights by class name. A class left out has the weight 1',
      ),
    sampleWeight: text(200)
      .min(1)
      .normalize('NFC')
      .optional()
      .describe(
        'name of the number column with the weight of each row in the loss. The column is then not a feature',
      ),
    excludedRows: excludedRowsSchema
      .optional()
      .describe(
        'rows of the dataset, numbered from 0, that the training ignores. They have no weight in the loss, and scalings and ' +
          'class weights do not count them. The other rows keep their batches, so the difference from a job without this ' +
          'field is the influence of these rows',
      ),
    targetScaling: scalingSchema
      .optional()
      .describe(
        'scaling of number targets: `standardize`, `minMax` or `none`. The loss is on that scale. Predictions and ' +
          'evaluations are in the unit of the target. Default: `standardize` for uploads, else `none`',
      ),
    fromMismatch: z
      .enum(['refuse', 'initialize'])
      .default('refuse')
      .describe(
        'if columns, categories or classes differ from the model in `from`: `refuse` the job, or `initialize` the ' +
          'weights of new ones and keep the others',
      ),
    scaling: scalingSchema
      .optional()
      .describe(
        'scaling of number columns: `standardize` (mean 0 and standard deviation 1 over the training rows), `minMax` ' +
          '(0 to 1) or `none`. Default: `standardize` for uploads and `iris`, else `none`',
      ),
    from: modelReferenceSchema
      .optional()
      .describe('model whose weights the training starts from: its id, `name@alias` or `name@version`'),
    watch: watchSchema
      .optional()
      .describe(
        '`diagnose` takes statistics of the layers after some epochs (`GET /jobs/{id}/statistics`), which the diagnosis ' +
          'uses. They take at most 4 % of the training time or 10 ms, and do not change its results',
      ),
    threads: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('threads of this training on the native backend. The result depends on their number'),
    priority: z
      .int()
      .min(-100)
      .max(100)
      .default(0)
      .describe('jobs of the same tenant with a higher priority run first'),
    metadata: metadataSchema.optional().describe('up to 16 pairs of text, returned with the job'),
    reuse: z
      .boolean()
      .default(true)
      .describe(
        'whether the stored run of an equal job answers at once: same spec with the same explicit `seed`, same data, same ' +
          'release and backend. `false` trains anew',
      ),
  })
  .meta({
    examples: [
      {
        name: 'xor',
        dataset: 'xor',
        network: {
          layers: [
            { type: 'dense', units: 4, activation: 'tanh' },
            { type: 'dense', units: 1, activation: 'sigmoid' },
          ],
        },
        loss: 'binaryCrossentropy',
        optimizer: { type: 'adam', learningRate: 0.05 },
        epochs: 500,
        seed: 1,
      },
    ],
  })
export type JobRequest = z.infer<typeof jobRequestSchema>

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
export const resumeRequestSchema = z
  .strictObject({
    epochs: trainingFields.epochs.optional(),
    learningRate: z.number().positive().optional(),
  })
  // A request without a body is validated as null.
  .nullish()
  .meta({ examples: [{ epochs: 800, learningRate: 0.001 }] })
export type ResumeRequest = z.infer<typeof resumeRequestSchema>

/** The fields of a spec that may change during a run. Others than the first two are present if they change; null for none. */
const settingsSchema = z.object({
  epochs: z.int(),
  learningRate: z.number(),
  optimizer: optimizerSchema.optional(),
  batchSize: z.union([z.int(), z.literal('full')]).optional(),
  sampling: trainingSchema.shape.sampling.optional(),
  schedule: trainingSchema.shape.schedule.nullable(),
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

const jobErrorCodeSchema = z.enum(['diverged', 'worker-crashed', 'invalid-dataset', 'integrity', 'internal'])

export const jobErrorMeanings: Record<z.infer<typeof jobErrorCodeSchema>, string> = {
  diverged: 'the loss became NaN or infinite. The history is kept',
  'worker-crashed': 'the worker died three times without a new epoch',
  'invalid-dataset': 'the rows cannot be encoded for this training',
  integrity:
    'the weights of the model in `from` do not match their hash, or a repeated epoch differs from the stored one',
  internal: 'an error of the service. Its log has details under the id of the job',
}

export const jobErrorSchema = z.object({
  code: jobErrorCodeSchema,
  message: z.string(),
  epoch: z.int().nullable(),
})
export type JobError = z.infer<typeof jobErrorSchema>

const time = z.iso.datetime()

export const jobSchema = z.object({
  id: z.string(),
  object: z.literal('job'),
  name: z.string().nullable(),
  status: jobStatusSchema,
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  epoch: z.int(),
  epochs: z.int(),
  metrics: metricsSchema.describe(
    'metrics of the last epoch; for a succeeded job, of the epoch whose weights the model has',
  ),
  bestEpoch: z
    .int()
    .nullable()
    .describe('the epoch whose weights were restored by early stopping; null where none were'),
  epochsKept: z
    .int()
    .nullable()
    .describe(
      'how many epochs a finished job keeps, if the service sets KEPT_EPOCHS: the first, the last, the best and others ' +
        'evenly spread; null for all',
    ),
  parameters: z.int(),
  arenaBytes: z.int(),
  flopsPerEpoch: z.number(),
  backend: z.string().nullable().describe('backend of the engine: native, wasm or reference'),
  backendDetail: z
    .string()
    .nullable()
    .describe('variant of the backend, and why a faster one is not available'),
  queuePosition: z
    .int()
    .nullable()
    .describe('position in the queue from 1, if all jobs of a tenant take equally long; null unless queued'),
  estimatedFinishAt: time.nullable(),
  modelId: z.string().nullable(),
  error: jobErrorSchema.nullable(),
  spec: jobSpecSchema,
  priority: z.int(),
  changes: z
    .array(changeSchema)
    .describe('changes of the spec during the run, by resumptions and forks; `spec` has the last settings'),
  ...labelsSchema.shape,
  retraining: retrainingSchema.nullable().describe('set by POST /models/{id}/retrain'),
  sweep: jobSweepSchema
    .nullable()
    .describe('set for a trial of a sweep, and for a job with `repeats` or `folds`: the sweep of its trials'),
  forkOf: z
    .object({ job: z.string(), epoch: z.int() })
    .nullable()
    .describe('the job whose run this one repeats up to that epoch, with the same losses'),
  verifies: z.string().nullable().describe('the job whose run this one repeats to be compared with it'),
  test: jobTestSchema.nullable().describe('tests on the rows of `testSplit`; null for none'),
  reusedFrom: z
    .string()
    .nullable()
    .describe('the equal job whose stored epochs and weights were copied instead of training'),
  links: z.object({ self: z.string(), stream: z.string(), epochs: z.string() }),
})
export type Job = z.infer<typeof jobSchema>
