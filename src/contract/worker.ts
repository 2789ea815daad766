/** Worker processes, as operators see them. */
import { z } from 'zod'

const time = z.iso.datetime()

export const workerSchema = z.object({
  id: z.string().describe('WORKER_ID, or a random one'),
  object: z.literal('worker'),
  startedAt: time,
  seenAt: time.describe('it reports every 2 s and is left out after 10 s of silence'),
  threads: z.int().describe('WORKER_CONCURRENCY'),
  busyThreads: z.int().describe('threads that trainings hold'),
  runningJobs: z.int().describe('jobs that it has claimed and not ended'),
  backend: z.string().describe('which of the engine’s backends trains'),
})
export type Worker = z.infer<typeof workerSchema>

/** Of all workers that were seen lately. */
export const workersSummarySchema = z.object({
  seen: z.int(),
  threads: z.int(),
  busyThreads: z.int(),
})
export type WorkersSummary = z.infer<typeof workersSummarySchema>
