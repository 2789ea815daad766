/**
 * What the server says on /jobs/{id}/stream: `job` first and at every change, `epochs` in order, `end` last; on request
 * `boundary` in between.
 */
import { z } from 'zod'
import { boundarySchema } from './boundary.js'
import { epochSchema } from './epoch.js'
import { jobSchema } from './job.js'

export const streamMessageSchema = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('job'), job: jobSchema })
    .describe('The job: first of all, and whenever its status or its number of epochs changes'),
  z
    .object({ type: z.literal('epochs'), epochs: z.array(epochSchema).min(1) })
    .describe('One or more epochs, in order, none missing, none twice'),
  boundarySchema.describe('What the network answers all over its inputs, where `?boundary=` asked for it'),
  z.object({ type: z.literal('end'), job: jobSchema }).describe('The ended job: the last message'),
])
export type StreamMessage = z.infer<typeof streamMessageSchema>
