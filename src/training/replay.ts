/** Plans jobs that repeat the run of another job: up to an epoch, or as a whole. */
import { z } from 'zod'
import type { Job } from '../contract/job.js'
import type { Change } from '../contract/job-change.js'
import { type JobRequest, jobRequestSchema } from '../contract/job-request.js'
import type { JobSpec } from '../contract/job-spec.js'
import { Problem } from '../contract/problems.js'
import { withSettings } from '../contract/segments.js'
import { type Plan, type PlanDependencies, planTraining } from './plan.js'
import type { NewJob } from './ports/jobs.js'
import type { Origin } from './ports/origin.js'
import type { Tenant } from './ports/tenants.js'
import { runIdentity } from './run-identity.js'
import { newJob } from './submit.js'

/** The spec in force at an epoch, and the changes before it. */
export function scheduleAt({ spec, changes }: Job, epoch: number): { spec: JobSpec; changes: Change[] } {
  const later = changes.filter(({ fromEpoch }) => fromEpoch > epoch)
  // The trials beside a job do not change its run.
  const { repeats: _repeats, folds: _folds, ...single } = spec
  const earlier = later.reduceRight((after, { before }) => withSettings(after, before), single)
  return { spec: earlier, changes: changes.slice(0, changes.length - later.length) }
}

/** The last epoch that another run can repeat. */
export const lastRepeatable = ({ epoch, error }: Job): number =>
  error?.code === 'diverged' && error.epoch !== null ? error.epoch - 1 : epoch

/**
 * Plans a spec that was accepted before.
 * @throws Problem `invalid-spec` if this release does not accept it, or those of `planTraining`
 */
export async function planAgain(
  dependencies: PlanDependencies,
  tenant: Tenant,
  spec: JobSpec,
): Promise<{ plan: Plan; request: JobRequest }> {
  const { inherited = [], stopAfter, validationDataset, validationSplit, ...others } = spec
  // The model in `from` gives these scalings again.
  const given = Object.entries(others).filter(([field]) => !inherited.some((each) => each === field))
  const validation = validationDataset === undefined ? { validationSplit } : { validationDataset }
  const { success, data, error } = jobRequestSchema.safeParse({ ...Object.fromEntries(given), ...validation })
  if (success) return { plan: await planTraining(dependencies, tenant, data), request: data }
  throw new Problem('invalid-spec', `The spec of the job is no longer valid: ${z.prettifyError(error)}`)
}

interface Replayed {
  job: Job
  plan: Plan
  request: JobRequest
  /** The spec that is stored: that of the plan may differ in fields that the other job did not have. */
  spec: JobSpec
  changes: Change[]
  epoch: number | null
  name: string
}

/** The job that repeats another one, ready to be stored. */
export function replayJob(
  { job, plan, request, spec, changes, epoch, name }: Replayed,
  origin: Origin,
): NewJob & { identity: Buffer<ArrayBuffer> } {
  return {
    ...newJob({ ...plan, spec }, request, origin),
    // Only the run of the job is repeated, not its trials.
    ...{ trials: null, sweep: null },
    name: name.slice(-longestName),
    metadata: job.metadata,
    priority: job.priority,
    changes,
    replay: { jobId: job.id, epoch },
    backend: job.backend,
    identity: runIdentity(spec, changes, plan),
  }
}

const longestName = 200
