/** Expected times of queued and running jobs, by the clock of this process. */
import type { Job } from '../contract/job.js'

type Times = Pick<Job, 'estimatedStartAt' | 'estimatedFinishAt'>

interface Timed extends Pick<Job, 'status' | 'epoch' | 'epochs'> {
  startedAt: Date | null
  /** Of a queued job: its position, and the seconds until it starts. */
  queuePlace: [number, number | null] | null
  /** The seconds that a queued job is expected to train. */
  expectedSeconds: number | null
}

/** A queued job starts after the jobs before it. The remaining epochs of a running job take as long as the past ones. */
export function estimateTimes(row: Timed): Times {
  const seconds = row.queuePlace?.[1] ?? null
  const finish = seconds === null ? secondsLeft(row) : seconds + (row.expectedSeconds ?? Number.NaN)
  return { estimatedStartAt: timeIn(seconds), estimatedFinishAt: timeIn(finish) }
}

function secondsLeft({ status, startedAt, epoch, epochs }: Timed): number | null {
  if (status !== 'running' || startedAt === null || epoch === 0) return null
  return (((Date.now() - startedAt.getTime()) / epoch) * (epochs - epoch)) / 1_000
}

/** The last time whose year has four digits. */
const lastTime = Date.UTC(9999, 11, 31)

function timeIn(seconds: number | null): string | null {
  const time = seconds === null ? Number.NaN : Date.now() + 1_000 * seconds
  return time <= lastTime ? new Date(time).toISOString() : null
}
