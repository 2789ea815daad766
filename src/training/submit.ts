/** Accepts a job: stores its plan and queues it. */
import type { Job } from '../contract/job.js'
import type { JobRequest } from '../contract/job-request.js'
import { newId } from './new-id.js'
import { memoryBytes, type Plan, type PlanDependencies, planTraining } from './plan.js'
import type { Once } from './ports/idempotency.js'
import type { JobStore, NewJob } from './ports/jobs.js'
import { unknownOrigin } from './ports/origin.js'
import type { JobQueue } from './ports/queue.js'
import type { Tenant, Tenanted } from './ports/tenants.js'
import { trialsOfJob } from './repeats/trials-of-job.js'
import { runIdentity } from './run-identity.js'

export interface SubmitDependencies extends PlanDependencies {
  jobs: Tenanted<Pick<JobStore, 'create' | 'createAll' | 'findRuns'>>
  queue: Pick<JobQueue, 'afterCommit'>
  /** Whether equal jobs may copy stored runs. */
  reusesRuns: boolean
  /** Creates the trials of new sweeps soon. */
  advanceSweeps(): void
  /** The job is committed, and the reconciler will wake a worker. */
  onQueueError(error: unknown): void
}

/**
 * Stores the job. It is committed when this resolves.
 * @throws Problem if the job cannot run
 */
export async function submit(
  dependencies: SubmitDependencies,
  tenant: Tenant,
  request: JobRequest,
  origin = unknownOrigin,
  once?: Once,
): Promise<Job> {
  const plan = await planTraining(dependencies, tenant, request)
  const job = newJob(plan, request, origin)
  const [reusable] = await findReusable(dependencies, tenant, [{ job, request }])
  return storeJob(dependencies, tenant, reusable, once)
}

/** Stores and queues a planned job. It is committed when this resolves. */
export async function storeJob(
  {
    jobs,
    queue,
    onQueueError,
    advanceSweeps,
  }: Pick<SubmitDependencies, 'jobs' | 'queue' | 'onQueueError' | 'advanceSweeps'>,
  { tenantId }: Tenant,
  planned: NewJob,
  once?: Once,
): Promise<Job> {
  const job = await jobs.of(tenantId).create(planned, once)
  await queue.afterCommit().catch(onQueueError)
  if (planned.trials !== null) advanceSweeps()
  return job
}

/** The job of a plan, ready to be stored. */
export function newJob(
  { spec, program, data, validation }: Plan,
  request: JobRequest,
  origin = unknownOrigin,
): NewJob {
  const trials = trialsOfJob(spec, request)
  return {
    ...origin,
    id: newId('job'),
    name: request.name ?? null,
    spec,
    metadata: request.metadata ?? {},
    priority: request.priority,
    datasetId: data.datasetId,
    validationDatasetId: validation?.datasetId ?? null,
    parameters: program.parameters,
    arenaBytes: memoryBytes(program, spec),
    flopsPerEpoch: program.flopsPerEpoch,
    stepsPerEpoch: program.stepsPerEpoch,
    inlineDataset: data.inline,
    retraining: null,
    sweep: trials === null ? null : { id: trials.id, trial: trials.created },
    trials,
    pauseAfter: null,
    sharing: null,
    identity: runIdentity(spec, [], { data, validation }),
    copyOf: null,
    replay: null,
    changes: [],
    backend: null,
  }
}

/** Names in each job the stored run that it may copy. A seed that was drawn for the job is never found. */
export async function findReusable(
  { jobs, reusesRuns }: Pick<SubmitDependencies, 'jobs' | 'reusesRuns'>,
  { tenantId }: Tenant,
  planned: readonly { job: NewJob; request: Pick<JobRequest, 'reuse' | 'seed'> }[],
): Promise<NewJob[]> {
  const identities = planned.map(({ job, request }) =>
    reusesRuns && request.reuse && request.seed !== undefined ? job.identity : null,
  )
  const wanted = identities.filter((identity) => identity !== null)
  if (wanted.length === 0) return planned.map(({ job }) => job)
  const found = (await jobs.of(tenantId).findRuns(wanted)).values()
  return planned.map(({ job }, index) => {
    const jobId = identities[index] === null ? null : (found.next().value ?? null)
    return jobId === null ? job : { ...job, copyOf: { jobId, modelId: newId('model') } }
  })
}
