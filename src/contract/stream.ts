/**
 * Messages of the streams. For each job the server sends `job` first and at every change, `epochs` in order,
 * and `end` last. On request /jobs/{id}/stream also sends `boundary`. Clients send messages on /stream only.
 */
import { z } from 'zod'
import { boundarySchema } from './boundary.js'
import { epochSchema } from './epoch.js'
import { idSchema } from './ids.js'
import { jobSchema } from './job.js'
import { problemSchema } from './problems.js'

const job = z
  .object({ type: z.literal('job'), job: jobSchema })
  .describe('The job: first, and when its status or its number of epochs changes')
const placedJob = job.describe(
  `${job.description}. While it is queued, also when its position or its estimated start changes, checked every 2 s`,
)
const epochs = z
  .object({ type: z.literal('epochs'), epochs: z.array(epochSchema).min(1) })
  .describe(
    'One or more epochs in order, each exactly once. A finished job with `epochsKept` sends only those that it keeps',
  )
const end = z
  .object({ type: z.literal('end'), job: jobSchema })
  .describe('The finished job, as its last message')

/** Messages on the stream of one job. */
export const streamMessageSchema = z.discriminatedUnion('type', [
  placedJob,
  epochs,
  boundarySchema.describe('Outputs of the network over a grid of inputs, if the request has `?boundary=`'),
  end,
])
export type StreamMessage = z.infer<typeof streamMessageSchema>

const jobId = z.string().describe('id of the job')

/** Messages on the stream of many jobs. */
export const jobsStreamMessageSchema = z.discriminatedUnion('type', [
  job
    .extend({ jobId })
    .describe(`${job.description}. With \`?epochs=false\`, also its progress, at most once per second`),
  epochs.extend({ jobId }).describe(epochs.description ?? ''),
  end.extend({ jobId }).describe(end.description ?? ''),
  z
    .object({
      type: z.literal('problem'),
      jobId: z.string().nullable().describe('null for a problem of the whole message'),
      problem: problemSchema,
    })
    .describe('A job that does not exist (code `not-found`), or a refused message. The other jobs continue'),
])
export type JobsStreamMessage = z.infer<typeof jobsStreamMessageSchema>

/** The most jobs that one connection may watch at a time. */
export const maximumWatchedJobs = 1_000

/** The most jobs that a URL may name. */
export const maximumJobsInAddress = 100

/** The WebSocket subprotocol with epochs as binary messages (http/epoch-frame.ts). */
export const epochsProtocol = 'descent.epochs.v1'

const position = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)

export const clientMessageSchema = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('watch'),
      jobs: z
        .array(
          z.strictObject({
            id: idSchema('job'),
            after: position.default(0).describe('send only epochs after this one'),
          }),
        )
        .min(1),
    })
    .describe(
      `Watch more jobs, at most ${maximumWatchedJobs} in total. A message over 16 KiB (about 250 jobs) closes the ` +
        'connection with 1009. A job that is already watched restarts after the given epoch',
    ),
  z
    .strictObject({ type: z.literal('unwatch'), jobs: z.array(idSchema('job')).min(1) })
    .describe('Stop watching these jobs. Messages already sent still arrive'),
])
export type ClientMessage = z.infer<typeof clientMessageSchema>
