/** A job as the API answers it. Its life is in `job-status.ts`. */
import { z } from 'zod'
import { epochSchema, metricsSchema } from './epoch.js'
import { changeSchema } from './job-change.js'
import { jobSpecSchema } from './job-spec.js'
import { jobStatusSchema } from './job-status.js'
import { labelsSchema } from './labels.js'
import { retrainingSchema } from './retrain.js'
import { jobSweepSchema } from './sweep.js'
import { jobTestSchema } from './test-evaluation.js'

export const jobErrorCodeSchema = z.enum([
  'diverged',
  'worker-crashed',
  'invalid-dataset',
  'integrity',
  'internal',
])

export const jobErrorMeanings: Record<z.infer<typeof jobErrorCodeSchema>, string> = {
  diverged: 'the loss became NaN or infinite. The history is kept',
  'worker-crashed': 'the worker died three times without a new epoch',
  'invalid-dataset': 'the rows cannot be encoded for this training',
  integrity:
    'the dataset is damaged, the weights of the model in `from` do not match their hash, or a repeated epoch differs from the stored one',
  internal: 'an error of the service. Its log has details under the id of the job',
}

export const jobErrorSchema = z.object({
  code: jobErrorCodeSchema,
  message: z.string().describe('what was wrong, with the values seen'),
  epoch: z.int().nullable().describe('the epoch in which it happened; null before the first one'),
})
export type JobError = z.infer<typeof jobErrorSchema>

const time = z.iso.datetime()

export const jobSchema = z.object({
  id: z.string().describe('a job_… id'),
  object: z.literal('job'),
  name: z.string().nullable().describe('name given by the request'),
  status: jobStatusSchema.describe(
    '`queued`, `running` or `paused`, and at the end `succeeded`, `failed` or `cancelled`',
  ),
  createdAt: time,
  startedAt: time.nullable().describe('start of the training, in ISO 8601 and UTC; null while queued'),
  finishedAt: time.nullable().describe('end of the job, in ISO 8601 and UTC; null before'),
  epoch: z.int().describe('the last stored epoch, and 0 before the first one'),
  epochs: z.int().describe('epochs that the job trains, unless it stops early'),
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
  parameters: z.int().describe('number of weights of the network'),
  arenaBytes: z.int().describe('bytes of memory for weights, activations and gradients'),
  flopsPerEpoch: z.number().describe('floating-point operations of an epoch'),
  backend: z.string().nullable().describe('backend of the engine: native, wasm or reference'),
  backendDetail: z
    .string()
    .nullable()
    .describe('variant of the backend, and why a faster one is not available'),
  queuePosition: z
    .int()
    .nullable()
    .describe('position in the queue from 1, if all jobs of a tenant take equally long; null unless queued'),
  estimatedStartAt: time
    .nullable()
    .describe(
      'start of a queued job, if the jobs before it take as long as estimated; null while no worker runs, in the answer ' +
        'that creates the job, and unless queued',
    ),
  estimatedFinishAt: time
    .nullable()
    .describe('end of a job that is queued or running, if it trains all epochs'),
  modelId: z
    .string()
    .nullable()
    .describe('id of the model of a succeeded job; null before, and after its deletion'),
  error: jobErrorSchema.nullable().describe('why the job failed; null unless it did'),
  spec: jobSpecSchema.describe('the request with the values that the service chose, such as the seed'),
  priority: z.int().describe('jobs of the same tenant with a higher priority run first'),
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
  continuedFrom: z
    .object({ job: z.string(), epoch: z.int() })
    .nullable()
    .describe(
      'the job from whose checkpoint the training continued, and its epoch. The epochs up to it were taken over: by a ' +
        'fork, or by a trial whose first epochs are those of another trial',
    ),
  links: z
    .object({ self: z.string(), stream: z.string(), epochs: z.string() })
    .describe('paths of the job, its stream and its epochs'),
})
export type Job = z.infer<typeof jobSchema>

export const epochListSchema = z.object({
  object: z.literal('list'),
  data: z.array(epochSchema),
  hasMore: z.boolean(),
  lastId: z.int().nullable().describe('pass as `after` for the next page'),
  epochsKept: jobSchema.shape.epochsKept,
})
