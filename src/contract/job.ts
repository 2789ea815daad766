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
import { idSchema } from './ids.js'
import { layerSummarySchema } from './model.js'
import {
  earlyStoppingSchema,
  lossSchema,
  networkSchema,
  optimizerSchema,
  trainingFields,
  trainingSchema,
} from './network.js'
import { text } from './text.js'

export const jobStatusSchema = z.enum(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'])
export type JobStatus = z.infer<typeof jobStatusSchema>

const transitions: Record<JobStatus, readonly JobStatus[]> = {
  queued: ['running', 'paused', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled', 'paused', 'queued'],
  paused: ['queued', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
}

export function isFinished(status: JobStatus): boolean {
  return transitions[status].length === 0
}

export const finishedStatuses = jobStatusSchema.options.filter(isFinished)

/** The states from which `to` may be entered; every write of a status names them in its WHERE. */
export function sourcesOf(to: JobStatus): JobStatus[] {
  return jobStatusSchema.options.filter((from) => transitions[from].includes(to))
}

const finiteNumber = z.number()

export const splitSchema = z.enum(['stratified', 'random', 'chronological'])
export type Split = z.infer<typeof splitSchema>

export const classWeightSchema = z.union(
  [z.literal('balanced'), z.record(z.string().normalize('NFC'), z.number().positive())],
  {
    error: 'must be "balanced" or an object of a positive weight by class name',
  },
)
export type ClassWeight = z.infer<typeof classWeightSchema>

export const inlineDatasetSchema = z.strictObject({
  x: z
    .array(z.union([finiteNumber, z.array(finiteNumber).min(1)]))
    .min(1)
    .describe('one row of features each'),
  y: z
    .array(z.union([finiteNumber, z.array(finiteNumber).min(1)]))
    .min(1)
    .describe('one target, or one row of targets, each'),
})
export type InlineDataset = z.infer<typeof inlineDatasetSchema>

export const jobRequestSchema = z
  .strictObject({
    name: text(200).min(1).optional(),
    dataset: z
      .union([text(100).min(1), inlineDatasetSchema, generatedDatasetSchema])
      .describe('a built-in’s name, a generated built-in with its settings, a ds_… id, or rows'),
    ...trainingFields,
    network: z
      .union([networkSchema, z.literal('auto')])
      .default('auto')
      .describe(
        'layers, or `auto`: one hidden layer of 100 relu units and an end that fits the target. With `auto`, what is left ' +
          'out of loss, optimizer (adam, learning rate 0.002), epochs (300) and earlyStopping (patience 20, on a share of ' +
          'the rows held out, or by folds below 500 rows) is chosen, too; with `from`, the network is that of the model',
      ),
    loss: lossSchema.optional().describe('needed unless the network is `auto`'),
    optimizer: optimizerSchema.optional().describe('default adam with learning rate 0.001'),
    epochs: trainingFields.epochs.optional().describe('needed unless the network is `auto`'),
    earlyStopping: earlyStoppingSchema.nullish().describe('null: none, also where `auto` would choose one'),
    validationSplit: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe('share of the rows held out; 0 when left out, unless the network is `auto`'),
    validationDataset: z
      .union([text(100).min(1), generatedDatasetSchema])
      .optional()
      .describe(
        'rows to validate on instead of a split: a dataset with the same columns, named as in `dataset`',
      ),
    split: splitSchema
      .optional()
      .describe(
        'how validationSplit chooses its rows: `stratified` within each class (the default where the target is a class), ' +
          '`random`, or `chronological`: the last rows',
      ),
    classWeight: classWeightSchema
      .optional()
      .describe(
        'weight of a row in the loss by its class: `balanced` (rows / (classes · rows of the class), of the training rows) ' +
          'or an object by class name; 1 for classes it does not name',
      ),
    sampleWeight: text(200)
      .min(1)
      .normalize('NFC')
      .optional()
      .describe(
        'name of a number column that holds the weight of each row in the loss; it is then no feature',
      ),
    targetScaling: scalingSchema
      .optional()
      .describe(
        'how a number target is trained: `standardize` (mean 0, deviation 1 over the training rows), `minMax` or `none`; ' +
          'the loss is on that scale, predictions and evaluations are in the unit of the target. Uploads are standardized ' +
          'when left out, built-ins and inline rows are not scaled',
      ),
    fromMismatch: z
      .enum(['refuse', 'initialize'])
      .default('refuse')
      .describe(
        'when columns, categories or classes differ from those of the model in `from`: refuse the job, or initialize the ' +
          'weights of what is new and keep the others',
      ),
    scaling: scalingSchema
      .optional()
      .describe(
        'how number columns enter the network: `standardize` (mean 0, deviation 1 over the training rows), `minMax` ' +
          '(0 to 1) or `none`; the dataset’s own choice when left out, which is `standardize` for uploads and iris',
      ),
    from: idSchema('model').optional().describe('start from this model’s weights'),
    threads: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe(
        'threads that train this one network, on the native backend; the result depends on their number',
      ),
    priority: z
      .int()
      .min(-100)
      .max(100)
      .default(0)
      .describe('higher ones come first among the jobs of the same tenant'),
    metadata: z
      .record(text(64).min(1), text(512))
      .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs')
      .optional(),
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

/** A job request as accepted: defaults filled in, inline rows stored as a dataset and named by its id. */
export const jobSpecSchema = trainingSchema.extend({
  dataset: z.union([z.string(), generatedDatasetSchema]),
  validationSplit: z.number(),
  validationDataset: z.union([z.string(), generatedDatasetSchema]).optional(),
  /** Specs of older versions name no split: it was random. */
  split: splitSchema.default('random'),
  classWeight: classWeightSchema.optional(),
  sampleWeight: z.string().optional(),
  scaling: scalingSchema.default('none'),
  targetScaling: scalingSchema
    .default('none')
    .describe('the scale of the targets in training: losses are on it, predictions and evaluations are not'),
  /** Specs of older versions do not say it: their weights are taken by position. */
  fromMismatch: z.enum(['refuse', 'initialize']).optional(),
  inherited: z
    .array(z.enum(['scaling', 'targetScaling']))
    .optional()
    .describe('which scales are those of the model in `from`, because the request does not name them'),
  seed: z.int(),
  batchSize: z.union([z.int(), z.literal('full')]),
  from: z.string().optional(),
  threads: z.int().default(1),
})
export type JobSpec = z.infer<typeof jobSpecSchema>

/** What a job would be. */
export const jobValidationSchema = z.object({
  object: z.literal('validation'),
  spec: jobSpecSchema.describe(
    'as accepted, defaults filled in; the dataset is `inline` for rows inside the request',
  ),
  layers: z.array(layerSummarySchema),
  parameters: z.int(),
  arenaBytes: z.int().describe('memory of the training, beside its data'),
  stepsPerEpoch: z.int(),
  flopsPerEpoch: z.number().describe('floating-point operations'),
  estimatedSeconds: z
    .number()
    .describe(
      'from the start of the training to its end with all epochs, judged by how long past trainings took here',
    ),
})
export type JobValidation = z.infer<typeof jobValidationSchema>

/** What may be changed when a paused job is resumed. */
export const resumeRequestSchema = z
  .strictObject({
    epochs: trainingFields.epochs.optional(),
    learningRate: z.number().positive().optional(),
  })
  // A request without a body brings null.
  .nullish()
  .meta({ examples: [{ epochs: 800, learningRate: 0.001 }] })
export type ResumeRequest = z.infer<typeof resumeRequestSchema>

const changeable = z.object({ epochs: z.int(), learningRate: z.number() })

export const changeSchema = z.object({
  at: z.iso.datetime(),
  fromEpoch: z
    .int()
    .describe('the first epoch that the change holds for; one that had begun ends as it began'),
  before: changeable,
  after: changeable,
})
export type Change = z.infer<typeof changeSchema>

export const jobErrorSchema = z.object({
  code: z.enum(['diverged', 'worker-crashed', 'invalid-dataset', 'integrity', 'internal']),
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
    'of the newest epoch; of a job that has succeeded, of the epoch whose weights its model holds',
  ),
  bestEpoch: z
    .int()
    .nullable()
    .describe('the epoch whose weights were restored by early stopping; null where none were'),
  parameters: z.int(),
  arenaBytes: z.int(),
  flopsPerEpoch: z.number(),
  backend: z.string().nullable().describe('which of the engine’s backends trains: native, wasm or reference'),
  backendDetail: z.string().nullable().describe('its variant, and why no faster one runs'),
  queuePosition: z
    .int()
    .nullable()
    .describe(
      'from 1: how soon it is its turn, if the jobs of each tenant take equally long; null unless queued',
    ),
  estimatedFinishAt: time.nullable(),
  modelId: z.string().nullable(),
  error: jobErrorSchema.nullable(),
  spec: jobSpecSchema,
  priority: z.int(),
  changes: z.array(changeSchema).describe('what resuming changed'),
  metadata: z.record(z.string(), z.string()),
  links: z.object({ self: z.string(), stream: z.string(), epochs: z.string() }),
})
export type Job = z.infer<typeof jobSchema>
