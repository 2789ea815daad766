/** What a job would be and how long it would take, without storing or queueing anything. */
import type { JobRequest, JobValidation } from '../contract/job.js'
import { estimateSeconds } from './estimate.js'
import { memoryOf, type PlanDependencies, planTraining } from './plan.js'
import type { Calibration, FinishedRuns } from './ports.js'

export interface ValidateDependencies extends PlanDependencies {
  calibration: Pick<Calibration, 'speed'>
  finishedRuns: FinishedRuns
}

/** Throws what `submit` throws for the same request. */
export async function validate(
  dependencies: ValidateDependencies,
  tenantId: string,
  request: JobRequest,
): Promise<JobValidation> {
  const { spec, program, data } = await planTraining(dependencies, tenantId, request)
  const { layers, parameters, stepsPerEpoch, flopsPerEpoch } = program
  const [speed, past] = await Promise.all([
    dependencies.calibration.speed(),
    dependencies.finishedRuns.newest(),
  ])
  const { epochs, threads } = spec
  const work = { steps: stepsPerEpoch * epochs, flops: flopsPerEpoch * epochs, threads }
  return {
    object: 'validation',
    // Rows inside the request are not stored, so they have no id.
    spec: data.inline === null ? spec : { ...spec, dataset: 'inline' },
    layers,
    parameters,
    arenaBytes: memoryOf(program, spec),
    stepsPerEpoch,
    flopsPerEpoch,
    estimatedSeconds: estimateSeconds(work, speed, past),
  }
}
