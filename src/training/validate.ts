/** Plans a job and estimates its duration. Stores and queues nothing. */
import { countTrainings, countTrials } from '../contract/folds.js'
import type { JobRequest } from '../contract/job-request.js'
import type { JobValidation } from '../contract/job-spec.js'
import { estimateSeconds } from './estimate.js'
import { memoryBytes, type PlanDependencies, planTraining } from './plan.js'
import type { JobStore } from './ports/jobs.js'
import type { Calibration, FinishedRuns } from './ports/speed.js'
import type { Tenant, Tenanted } from './ports/tenants.js'
import { newJob } from './submit.js'

export interface ValidateDependencies extends PlanDependencies {
  jobs: Tenanted<Pick<JobStore, 'checkLimits'>>
  calibration: Pick<Calibration, 'speed'>
  finishedRuns: FinishedRuns
}

/** Throws what `submit` throws. */
export async function validate(
  dependencies: ValidateDependencies,
  tenant: Tenant,
  request: JobRequest,
): Promise<JobValidation> {
  const plan = await planTraining(dependencies, tenant, request)
  await dependencies.jobs.of(tenant.tenantId).checkLimits(newJob(plan, request))
  const { spec, program, data } = plan
  const { layers, parameters, stepsPerEpoch, flopsPerEpoch } = program
  const [speed, past] = await Promise.all([
    dependencies.calibration.speed(),
    dependencies.finishedRuns.newest(),
  ])
  const { threads } = spec
  const epochs = spec.epochs * countTrainings(spec) * (1 + countTrials(spec))
  const work = { steps: stepsPerEpoch * epochs, flops: flopsPerEpoch * epochs, threads }
  return {
    object: 'validation',
    // Inline rows are not stored, so they have no id.
    spec: data.inline === null ? spec : { ...spec, dataset: 'inline' },
    layers,
    parameters,
    arenaBytes: memoryBytes(program, spec),
    stepsPerEpoch,
    flopsPerEpoch,
    estimatedSeconds: estimateSeconds(work, speed, past),
  }
}
