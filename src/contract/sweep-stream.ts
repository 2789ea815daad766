/**
 * Messages of the stream of a sweep: `sweep` first and while it changes, `trials` when trials start, pause or end, and `end`
 * last.
 */
import { z } from 'zod'
import { sweepSchema, trialSchema } from './sweep.js'

export const sweepMessageSchema = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('sweep'), sweep: sweepSchema })
    .describe('The sweep with its counts, best points and estimate: first, then at most once per second'),
  z
    .object({
      type: z.literal('trials'),
      position: z
        .int()
        .describe('all trials up to this number have ended and were sent: reconnect with `?after=`'),
      trials: z.array(trialSchema).min(1),
    })
    .describe(
      'Trials whose status changed, by number. A trial that ended has its score. With `asha`, a cancelled one was stopped ' +
        'after the decisions in `rungs`. After a reconnect, a trial after the position may be sent again',
    ),
  z
    .object({ type: z.literal('end'), sweep: sweepSchema })
    .describe('The finished sweep, as its last message'),
])
export type SweepMessage = z.infer<typeof sweepMessageSchema>
