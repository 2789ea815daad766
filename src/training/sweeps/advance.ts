/** Creates the trials of running sweeps. Any number of processes may do this at the same time. */
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

/** Creates the trials that there is room for, and ends sweeps that are done. */
export async function advanceSweeps(dependencies: AdvanceDependencies): Promise<void> {
  const { sweeps, onError } = dependencies
  for (const sweep of await sweeps.waiting()) await decide(dependencies, sweep).catch(onError)
  await sweeps.finish()
  // The error of one sweep must not stop the others.
  for (const sweep of await sweeps.due()) await createTrials(dependencies, sweep).catch(onError)
}

async function decide({ sweeps, queue, decisions }: AdvanceDependencies, sweep: WaitingSweep): Promise<void> {
  const made = await decisions.next(sweep)
  if (made.length === 0) return
  await sweeps.decide(sweep.id, made)
  await queue.wake()
}

async function createTrials(dependencies: AdvanceDependencies, due: DueSweep): Promise<void> {
  const { sweeps, queue } = dependencies
  const next = await dependencies.suggestions.next(due)
  // It waits for results.
  if (next === null) return
  const tenant = await dependencies.tenant(due.tenantId)
  const last = Math.min(due.trials, next.last, due.created + due.room)
  const plan = trialPlanner(dependencies, tenant, due, next)
  for (let created = due.created; created < last; ) {
    const end = Math.min(last, created + trialsAtOnce)
    const planned = await plan(created + 1, end)
    const stored = await sweeps.addTrials({ ...due, created }, end, planned)
    if (stored > 0) await queue.wake()
    // Another process created them, the sweep is no longer running, or the tenant has no room.
    if (stored < planned.jobs.length) return
    created = end
  }
}

/** Plans trials in slices, so that requests are answered meanwhile. */
function trialPlanner(
  { plan, parseJob }: AdvanceDependencies,
  tenant: Tenant,
  due: DueSweep,
  { choices }: NextTrials,
) {
  const request = trialRequests(due, parseJob)
  const { requestId, traceId, spanId, isSampled } = due
  const origin = { requestId, traceId, spanId, isSampled }
  const pointOf = (trial: number) => trialOf(trial, due.definition).point
  const isSharing = sharesPrefixes(due.definition)
  return async (first: number, last: number): Promise<PlannedTrials> => {
    const sources = readingOnce(plan, tenant.tenantId)
    const planned: { jobs: NewJob[]; refused: RefusedTrial[] } = { jobs: [], refused: [] }
    const slice = new Slice('background')
    for (let trial = first; trial <= last; trial++) {
      const body = request(trial, choices?.get(pointOf(trial)))
      const job = body instanceof Problem ? body : await planJob(sources, tenant, body, origin)
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
      refused: planned.refused,
      jobs: isSharing ? shareEpochs(planned.jobs) : planned.jobs,
      points: pointsBetween(choices, pointOf(first), pointOf(last)),
    }
  }
}

function pointsBetween(choices: NextTrials['choices'], first: number, last: number): ChosenPoint[] {
  return [...(choices ?? [])].flatMap(([point, chosen]) =>
    point >= first && point <= last ? [{ point, choices: chosen }] : [],
  )
}
