/** Accepting a job: what was planned is stored and put on the queue. */
import type { Job, JobRequest } from '../contract/job.js'
import { newId } from './new-id.js'
import { memoryOf, type PlanDependencies, planTraining } from './plan.js'
import type { JobQueue, JobStore, Once, Tenanted } from './ports.js'

export interface SubmitDependencies extends PlanDependencies {
  jobs: Tenanted<Pick<JobStore, 'create'>>
  queue: Pick<JobQueue, 'enqueue'>
  /** The job is safe in the database; the reconciler will queue it. */
  onQueueError(error: unknown): void
}

/** Of the request that a job comes from. */
interface Origin {
  requestId?: string | null
  traceId?: string | null
  once?: Once | undefined
}

/** Stored and committed when this resolves. Throws Problem for whatever cannot work. */
export async function submit(
  dependencies: SubmitDependencies,
  tenantId: string,
  request: JobRequest,
  { requestId = null, traceId = null, once }: Origin = {},
): Promise<Job> {
  const { spec, program, data, validation } = await planTraining(dependencies, tenantId, request)
  const job = await dependencies.jobs.of(tenantId).create(
    {
      id: newId('job'),
      name: request.name ?? null,
      spec,
      metadata: request.metadata ?? {},
      requestId,
      traceId,
      priority: request.priority,
      datasetId: data.datasetId,
      validationDatasetId: validation?.datasetId ?? null,
      parameters: program.parameters,
      arenaBytes: memoryOf(program, spec),
      flopsPerEpoch: program.flopsPerEpoch,
      stepsPerEpoch: program.stepsPerEpoch,
      inlineDataset: data.inline,
    },
    once,
  )
  await dependencies.queue.enqueue({ jobId: job.id, attempt: 0 }).catch(dependencies.onQueueError)
  return job
}
