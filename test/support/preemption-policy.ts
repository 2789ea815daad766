/** Which runs are preempted, in plain steps: what the statement must agree with, and what the simulation runs. */

import type { QueuedJob } from './turn-policy.js'
import { turnOrder, type WaitingTenant } from './turn-policy.js'

export interface WaitingJob extends QueuedJob {
  /** Seconds since its creation. */
  age: number
  /** Seconds since a worker preempted for it. */
  sincePreemption: number
}

export interface Run {
  id: string
  tenantId: string
  threads: number
  /** Seconds since its claim. */
  seconds: number
  /** Thread-microseconds. */
  charged: number
  parameters: number
}

interface PreemptionState {
  queue: readonly WaitingJob[]
  /** Of tenants with queued jobs. */
  waiting: ReadonlyMap<string, WaitingTenant>
  /** Thread-microseconds that tenants count as used, with `countedTime` of each running job. */
  used: ReadonlyMap<string, number>
  clock: number
  /** All runs that were claimed alone. */
  runs: readonly Run[]
}

type Held = Pick<Run, 'threads' | 'seconds' | 'charged'>

const heldTime = ({ threads, seconds }: Held) => Math.round(threads * seconds * 1e6)

/** What a running job counts: what it has held, at least its charge up to ten seconds. */
export const countedTime = (run: Held) => Math.max(heldTime(run), Math.min(run.charged, 10e6 * run.threads))

/**
 * The runs to preempt.
 * @param own ids of the runs of the worker, in the order of preemption
 */
export function preemptionOf(
  { queue, waiting, used, clock, runs }: PreemptionState,
  own: readonly string[],
  { free, all, timeScale }: { free: number; all: number; timeScale: number },
): string[] {
  const held = (tenantId: string) =>
    runs.filter((run) => run.tenantId === tenantId).reduce((sum, { threads }) => sum + threads, 0)
  const heads = turnOrder(queue, waiting, { all, timeScale }).filter(({ nth }) => nth === 1)
  for (const { id, tenantId, threads, seconds, turn } of heads) {
    const { busy = 0, allowed = 0 } = waiting.get(tenantId) ?? {}
    const job = queue.find((each) => each.id === id)
    const needed = Math.min(threads, all)
    if (job === undefined || busy >= allowed || needed <= free) continue
    if (job.age < 0.25 || job.sincePreemption < 5) continue
    const stopped: string[] = []
    let freed = free
    for (const run of own.flatMap((name) => runs.find((each) => each.id === name) ?? [])) {
      if (freed >= needed) break
      if (run.tenantId === tenantId || held(tenantId) >= held(run.tenantId)) continue
      // Its tenant then uses what it held.
      const time = (used.get(run.tenantId) ?? 0) - countedTime(run) + heldTime(run)
      if (turn >= Math.max(clock, time)) continue
      if (run.seconds < Math.max(6e-6 * run.parameters, Math.min(60, (timeScale * seconds) / 10))) continue
      stopped.push(run.id)
      freed += run.threads
    }
    if (freed >= needed) return stopped
  }
  return []
}
