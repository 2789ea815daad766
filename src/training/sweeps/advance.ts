/**
 * Creates the trials of running sweeps. Any number of processes may do this at the same time. The sweeps of a tenant follow
 * one another. No tenant waits for another, because planning or choosing the trials of a sweep may take minutes.
 */
import { Problem } from '../../contract/problems.js'
import type { PlanDependencies } from '../plan.js'
import { planJob, readingOnce } from '../plan-together.js'
import type { NewJob } from '../ports/jobs.js'
import type { JobQueue } from '../ports/queue.js'
import type {
  AllSweeps,
  ChosenPoint,
  DueSweep,
  PlannedTrials,
  RefusedTrial,
  WaitingSweep,
} from '../ports/sweeps.js'
import type { Tenant } from '../ports/tenants.js'
import { Slice } from '../slices.js'
import type { SweepDecisions } from './decisions.js'
import { firstPause } from './halving.js'
import { shareEpochs, sharesPrefixes } from './run-prefix.js'
import type { NextTrials, Suggestions } from './suggestions.js'
import { type ParseJob, trialOf, trialRequests } from './trials.js'

export interface AdvanceDependencies {
  sweeps: AllSweeps
  plan: PlanDependencies
  parseJob: ParseJob
  queue: Pick<JobQueue, 'wake'>
  suggestions: Suggestions
  decisions: SweepDecisions
  tenant(tenantId: string): Promise<Tenant>
  onError(error: unknown): void
}

/** Trials that are planned and stored at a time. */
const trialsAtOnce = 250

/** The sweeps of a tenant that have work. */
interface Work {
  waiting: WaitingSweep[]
  due: string[]
}

export class AdvancingSweeps {
  /** The tenants whose sweeps advance now. */
  readonly #busy = new Map<string, Promise<void>>()
  /** Tenants that had work while they were busy. */
  readonly #again = new Set<string>()
  readonly #stopping = new AbortController()

  /** @param onMore is called when a tenant has work after its turn */
  constructor(
    private readonly dependencies: AdvanceDependencies,
    private readonly onMore: () => void,
  ) {}

  /** Ends sweeps that are done, and begins the work of each tenant that is not busy. */
  async begin(): Promise<void> {
    const { sweeps } = this.dependencies
    const waiting = await sweeps.waiting()
    await sweeps.finish()
    const work = new Map<string, Work>()
    const workOf = (tenantId: string) => {
      const own = work.get(tenantId) ?? { waiting: [], due: [] }
      work.set(tenantId, own)
      return own
    }
    for (const sweep of waiting) workOf(sweep.tenantId).waiting.push(sweep)
    for (const { id, tenantId } of await sweeps.due()) workOf(tenantId).due.push(id)
    for (const [tenantId, own] of work) {
      if (this.#busy.has(tenantId)) this.#again.add(tenantId)
      else this.#busy.set(tenantId, this.#advance(tenantId, own))
    }
  }

  /** Resolves when no tenant is busy. Work that has begun stops at the next trial. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#busy.values())
  }

  async #advance(tenantId: string, { waiting, due }: Work): Promise<void> {
    const { onError } = this.dependencies
    // The error of one sweep must not stop the others.
    for (const sweep of waiting) {
      const hasDecided = await decide(this.dependencies, sweep).catch(onError)
      // A sweep may now be done.
      if (hasDecided === true) this.#again.add(tenantId)
    }
    let hasRoom = true
    for (const id of due) {
      if (this.#stopping.signal.aborted) break
      hasRoom = await this.#create(id, hasRoom).catch((error: unknown) => {
        onError(error)
        return hasRoom
      })
    }
    this.#busy.delete(tenantId)
    if (this.#again.delete(tenantId)) this.onMore()
  }

  /** Creates trials of a sweep. Returns whether all of them could be stored. @param hasRoom if not, tries a single one */
  async #create(id: string, hasRoom: boolean): Promise<boolean> {
    const due = await this.dependencies.sweeps.dueSweep(id)
    if (due === null) return hasRoom
    return createTrials(this.dependencies, due, hasRoom ? trialsAtOnce : 1, this.#stopping.signal)
  }
}

/** @returns whether a trial was decided */
async function decide(
  { sweeps, queue, decisions }: AdvanceDependencies,
  sweep: WaitingSweep,
): Promise<boolean> {
  const made = await decisions.next(sweep)
  if (made.length === 0) return false
  await sweeps.decide(sweep.id, made)
  await queue.wake()
  return true
}

/** @returns whether all planned trials were stored */
async function createTrials(
  dependencies: AdvanceDependencies,
  due: DueSweep,
  first: number,
  stopping: AbortSignal,
): Promise<boolean> {
  const { sweeps, queue } = dependencies
  const next = await dependencies.suggestions.next(due)
  // It waits for results.
  if (next === null) return true
  const tenant = await dependencies.tenant(due.tenantId)
  const last = Math.min(due.trials, next.last, due.created + due.room)
  const plan = trialPlanner(dependencies, tenant, due, next, stopping)
  let atOnce = first
  for (let created = due.created; created < last && !stopping.aborted; ) {
    const { end, ...planned } = await plan(created + 1, Math.min(last, created + atOnce))
    const stored = await sweeps.addTrials({ ...due, created }, end, planned)
    if (stored > 0) await queue.wake()
    // Another process created them, the sweep is no longer running, or the tenant has no room.
    if (stored < planned.jobs.length) return false
    created = end
    atOnce = trialsAtOnce
  }
  return true
}

/** After this time, the trials that are planned are stored. Generating their datasets may take long. */
const planMilliseconds = 2_000

/** Plans trials in slices, so that requests are answered meanwhile: at least one, and up to the number `end`. */
function trialPlanner(
  { plan, parseJob }: AdvanceDependencies,
  tenant: Tenant,
  due: DueSweep,
  { choices }: NextTrials,
  stopping: AbortSignal,
) {
  const request = trialRequests(due, parseJob)
  const { requestId, traceId, spanId, isSampled } = due
  const origin = { requestId, traceId, spanId, isSampled }
  const pointOf = (trial: number) => trialOf(trial, due.definition).point
  const isSharing = sharesPrefixes(due.definition)
  return async (first: number, last: number): Promise<PlannedTrials & { end: number }> => {
    const sources = readingOnce(plan, tenant.tenantId)
    const planned: { jobs: NewJob[]; refused: RefusedTrial[] } = { jobs: [], refused: [] }
    const slice = new Slice('background')
    const until = performance.now() + planMilliseconds
    let end = first - 1
    while (end < last && (end < first || (performance.now() < until && !stopping.aborted))) {
      const trial = ++end
      const body = request(trial, choices?.get(pointOf(trial)))
      const job = body instanceof Problem ? body : await planJob(sources, tenant, body, origin)
      // A trial that cannot be planned now is planned later.
      if (job instanceof Problem && isTemporary(job)) throw job
      if (job instanceof Problem) planned.refused.push({ trial, message: job.detail })
      else
        planned.jobs.push({
          ...job,
          sweep: { id: due.id, trial },
          trials: null,
          pauseAfter: firstPause(due.definition, trial),
        })
      if (slice.isOver) await slice.pause()
    }
    return {
      end,
      refused: planned.refused,
      jobs: isSharing ? shareEpochs(planned.jobs) : planned.jobs,
      points: pointsBetween(choices, pointOf(first), pointOf(end)),
    }
  }
}

const isTemporary = ({ code }: Problem) => code === 'overloaded' || code === 'unavailable'

function pointsBetween(choices: NextTrials['choices'], first: number, last: number): ChosenPoint[] {
  return [...(choices ?? [])].flatMap(([point, chosen]) =>
    point >= first && point <= last ? [{ point, choices: chosen }] : [],
  )
}
