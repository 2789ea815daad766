/** Whose turn it is, in plain steps: what the claim's statement must agree with, and what the simulation runs. */
import type { Capacity, SpareCapacity } from '../../src/training/ports/runs.js'

export interface QueuedJob {
  id: string
  tenantId: string
  priority: number
  queueNumber: number
  threads: number
  /** As estimated, for one thread, before the time scale of the worker. */
  seconds: number
  /** Whether it may be taken together with others. */
  isSmall: boolean
  /** Whether it may be taken by the spare thread, if it also is small and short. */
  isForSpare?: boolean
}

export interface WaitingTenant {
  /** Thread-microseconds, raised to the clock. */
  threadTime: number
  busy: number
  allowed: number
}

export interface Turn extends QueuedJob {
  turn: number
  /** From 1, among its tenant's. */
  nth: number
}

export const threadTime = (seconds: number, threads: number) =>
  Math.max(1, Math.round(seconds * threads * 1e6))

/** All queued jobs in the order of their turns. */
export function turnOrder(
  queue: readonly QueuedJob[],
  tenants: ReadonlyMap<string, Pick<WaitingTenant, 'threadTime'>>,
  { all, timeScale }: Pick<Capacity, 'all' | 'timeScale'>,
): Turn[] {
  const turns: Turn[] = []
  for (const tenantId of new Set(queue.map((job) => job.tenantId))) {
    const jobs = queue.filter((job) => job.tenantId === tenantId)
    let turn = tenants.get(tenantId)?.threadTime ?? 0
    const own = jobs.toSorted((x, y) => y.priority - x.priority || x.queueNumber - y.queueNumber)
    for (const [index, job] of own.entries()) {
      turns.push({ ...job, turn, nth: index + 1 })
      turn += threadTime(timeScale * job.seconds, Math.min(job.threads, all))
    }
  }
  return turns.sort((x, y) => x.turn - y.turn || x.queueNumber - y.queueNumber)
}

/** What a claim takes, and the job that waits for threads. */
export function choose(
  queue: readonly QueuedJob[],
  tenants: ReadonlyMap<string, WaitingTenant>,
  capacity: Capacity,
): { taken: Turn[]; first: Turn | null } {
  const mayRun = ({ tenantId, nth }: Turn) => {
    const { busy = 0, allowed = 0 } = tenants.get(tenantId) ?? {}
    return busy + nth <= allowed
  }
  const considered = 2 * capacity.jobs + 8
  const front = turnOrder(queue, tenants, capacity).filter(mayRun).slice(0, considered)
  const [first = null] = front
  if (first === null) return { taken: [], first }
  const share = Math.max(1, Math.min(capacity.jobs, Math.ceil(queue.length / capacity.all)))
  const width = (job: Turn) => Math.min(job.threads, capacity.all)
  const lasts = (job: Turn) => capacity.timeScale * job.seconds
  if (width(first) <= capacity.free) {
    return { taken: batchOf(first.isSmall ? front.slice(0, share) : [first], capacity.seconds, lasts), first }
  }
  const reserved =
    capacity.reservation?.jobId === first.id ? capacity.reservation.seconds : Number.POSITIVE_INFINITY
  const gap = Math.min(capacity.freeIn[width(first) - 1], reserved)
  const passing = front.slice(1).filter((job) => width(job) <= capacity.free && lasts(job) <= gap)
  return { taken: batchOf(passing.slice(0, share), Math.min(capacity.seconds, gap), lasts), first }
}

/** What the spare thread takes: small jobs of tenants that run none and are at most a second ahead of the clock. */
export function chooseForSpare(
  queue: readonly QueuedJob[],
  tenants: ReadonlyMap<string, WaitingTenant>,
  capacity: SpareCapacity,
  clock: number,
): { taken: Turn[]; left: number } {
  const lasts = (job: Turn) => capacity.timeScale * job.seconds
  const considered = 2 * capacity.jobs + 8
  const suits = (job: Turn) => {
    const { threadTime = 0, busy = 0, allowed = 0 } = tenants.get(job.tenantId) ?? {}
    const isTenant = busy === 0 && job.nth <= Math.min(allowed, considered) && threadTime <= clock + 1e6
    return isTenant && job.isSmall && job.isForSpare === true && lasts(job) <= capacity.seconds
  }
  const front = turnOrder(queue, tenants, capacity).filter(suits).slice(0, considered)
  const taken = batchOf(front.slice(0, capacity.jobs), capacity.seconds, lasts)
  return { taken, left: front.length - taken.length }
}

function batchOf(jobs: Turn[], limit: number, lasts: (job: Turn) => number): Turn[] {
  let sum = 0
  const end = jobs.findIndex((job, index) => {
    sum += lasts(job)
    return index > 0 && !(jobs[0].isSmall && job.isSmall && sum <= limit)
  })
  return end < 0 ? jobs : jobs.slice(0, end)
}
