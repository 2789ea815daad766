/** Accepts many jobs. Each is planned separately, and one transaction stores the accepted ones. */
import { isRepeated } from '../contract/folds.js'
import type { Job } from '../contract/job.js'
import type { JobRequest } from '../contract/job-request.js'
import { Problem } from '../contract/problems.js'
import { planJob, readingOnce } from './plan-together.js'
import type { Once } from './ports/idempotency.js'
import type { NewJob } from './ports/jobs.js'
import type { Origin } from './ports/origin.js'
import type { Tenant } from './ports/tenants.js'
import { Slice } from './slices.js'
import { findReusable, type SubmitDependencies } from './submit.js'

/** Maximum number of errors listed if no job is accepted. */
const maximumErrors = 100

export type BatchOutcome = Job | Problem

/**
 * Submits the jobs, and returns `answer` of the outcomes. All jobs are committed when this resolves.
 * @param requests a Problem in place of a request is the reason why it is invalid
 * @throws Problem if no job is accepted. Nothing is stored then
 */
export async function submitBatch<T>(
  dependencies: SubmitDependencies,
  tenant: Tenant,
  requests: Iterable<JobRequest | Problem>,
  origin: Origin,
  answer: (outcomes: BatchOutcome[]) => T,
  once?: Once,
): Promise<T> {
  const planned = await planAll(dependencies, tenant, requests, origin)
  const jobs = planned.filter((each): each is NewJob => !(each instanceof Problem))
  if (jobs.length === 0) throw noneAccepted(planned.filter(isProblem))
  const store = dependencies.jobs.of(tenant.tenantId)
  const answered = await store.createAll<T>(jobs, once, (stored) => {
    const left = stored.values()
    const outcomes = planned.map((each): BatchOutcome => {
      const outcome = each instanceof Problem ? each : left.next().value
      if (outcome === undefined) throw new Error('the store returned no outcome of a job')
      return outcome
    })
    const refusals = outcomes.filter(isProblem)
    if (refusals.length === outcomes.length) throw noneAccepted(refusals)
    return answer(outcomes)
  })
  await dependencies.queue.afterCommit().catch(dependencies.onQueueError)
  return answered
}

interface PlannedJob {
  job: NewJob
  request: JobRequest
}

async function planAll(
  dependencies: SubmitDependencies,
  tenant: Tenant,
  requests: Iterable<JobRequest | Problem>,
  origin: Origin,
): Promise<(NewJob | Problem)[]> {
  const once = readingOnce(dependencies, tenant.tenantId)
  const planned: (PlannedJob | Problem)[] = []
  const slice = new Slice('request')
  const planSingle = async (request: JobRequest): Promise<PlannedJob | Problem> => {
    const job = repeatedRefusal(request) ?? (await planJob(once, tenant, request, origin))
    return isProblem(job) ? job : { job, request }
  }
  for (const request of requests) {
    planned.push(isProblem(request) ? request : await planSingle(request))
    if (slice.isOver) await slice.pause()
  }
  const jobs = planned.filter((each): each is PlannedJob => !isProblem(each))
  const reusable = (await findReusable(dependencies, tenant, jobs)).values()
  return planned.map((each) => (isProblem(each) ? each : (reusable.next().value ?? each.job)))
}

function repeatedRefusal({ repeats, folds }: JobRequest): Problem | null {
  if (!isRepeated({ repeats, folds })) return null
  const field = folds === undefined ? 'repeats' : 'folds'
  const message = 'a batch starts single trainings only: send this job to POST /jobs'
  return new Problem('invalid-spec', `/${field}: ${message}.`, [{ pointer: `/${field}`, message }])
}

const isProblem = (each: unknown): each is Problem => each instanceof Problem

/** The problem has the text of the first refusal, and the pointers of all. */
function noneAccepted(refusals: readonly Problem[]): Problem {
  const [first] = refusals
  const errors = refusals.flatMap(({ errors, detail }, index) => {
    const items = errors.length === 0 ? [{ pointer: '', message: detail }] : errors
    return items.map(({ pointer, message }) => ({ pointer: `/jobs/${index}${pointer}`, message }))
  })
  const detail = `None of the ${refusals.length} jobs was accepted. The first: ${first.detail}`
  return new Problem(first.code, detail, errors.slice(0, maximumErrors))
}
