/** Worker processes. */
import { z } from 'zod'

const time = z.iso.datetime()

export const workerSchema = z.object({
  id: z.string().describe('WORKER_ID, or a random id'),
  object: z.literal('worker'),
  host: z.string().nullable().describe('host name; null for a worker of an earlier release'),
  processId: z.int().nullable().describe('process id on the host; null for a worker of an earlier release'),
  startedAt: time,
  seenAt: time.describe(
    'time of the last heartbeat; a worker sends one every 2 s and is omitted after 10 s without one',
  ),
  threads: z.int().describe('WORKER_CONCURRENCY; the spare thread does not count'),
  busyThreads: z.int().describe('threads that train, without the spare thread'),
  runningJobs: z.int().describe('jobs claimed and not finished, with those on the spare thread'),
  runningTenants: z.int().describe('tenants of these jobs'),
  backend: z.string().describe('backend of the engine'),
})
export type Worker = z.infer<typeof workerSchema>

/** Totals over all workers with a recent heartbeat. */
export const workersSummarySchema = z.object({
  seen: z.int(),
  threads: z.int(),
  busyThreads: z.int(),
})
export type WorkersSummary = z.infer<typeof workersSummarySchema>
