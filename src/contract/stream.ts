/**
 * What the server says on /jobs/{id}/stream and, for many jobs, on /stream: of each job `job` first and at every change,
 * `epochs` in order, `end` last; on request `boundary` in between. What a client may say on /stream.
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
const epochs = z
  .object({ type: z.literal('epochs'), epochs: z.array(epochSchema).min(1) })
  .describe(
    'One or more epochs in order, each exactly once. Of a finished job with `epochsKept`, only those that are kept',
  )
const end = z
  .object({ type: z.literal('end'), job: jobSchema })
  .describe('The finished job, as its last message')

/** On the stream of one job. */
export const streamMessageSchema = z.discriminatedUnion('type', [
  job,
  epochs,
  boundarySchema.describe('Outputs of the network over a grid of inputs, if the request has `?boundary=`'),
  end,
])
export type StreamMessage = z.infer<typeof streamMessageSchema>

const jobId = z.string().describe('the job that the message is about')

/** On the stream of many. */
export const jobsStreamMessageSchema = z.discriminatedUnion('type', [
  job
    .extend({ jobId })
    .describe(`${job.description}. With \`?epochs=false\`, also its progress, at most once per second`),
  epochs.extend({ jobId }).describe(epochs.description ?? ''),
  end.extend({ jobId }).describe(end.description ?? ''),
  z
    .object({
      type: z.literal('problem'),
      jobId: z.string().nullable().describe('null where it is not of one job'),
      problem: problemSchema,
    })
    .describe('A job that does not exist (code `not-found`), or a refused message. The other jobs continue'),
])
export type JobsStreamMessage = z.infer<typeof jobsStreamMessageSchema>

/** Jobs that one connection may watch at the same time. */
export const maximumWatchedJobs = 1_000

/** Jobs that may be named in an address. */
export const maximumJobsInAddress = 100

/** The subprotocol of WebSocket in which epochs come as binary messages (http/epoch-frame.ts). */
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
            after: position.default(0).describe('only epochs after this one'),
          }),
        )
        .min(1),
    })
    .describe(
      `Watch these jobs, too; at most ${maximumWatchedJobs} at a time, and about 250 in a message: one of more than ` +
        '16 KiB closes the connection with 1009. One that is watched already begins anew after that epoch',
    ),
  z
    .strictObject({ type: z.literal('unwatch'), jobs: z.array(idSchema('job')).min(1) })
    .describe('Watch these jobs no more. What was on its way still comes'),
])
export type ClientMessage = z.infer<typeof clientMessageSchema>
