/** Plans many jobs of a tenant. */
import type { JobRequest } from '../contract/job-request.js'
import { Problem } from '../contract/problems.js'
import { type PlanDependencies, planTraining } from './plan.js'
import type { NewJob } from './ports/jobs.js'
import type { Origin } from './ports/origin.js'
import type { Tenant } from './ports/tenants.js'
import { newJob } from './submit.js'

/** Plans a job. Returns the Problem that refuses it. */
export async function planJob(
  dependencies: PlanDependencies,
  tenant: Tenant,
  request: JobRequest,
  origin: Origin,
): Promise<NewJob | Problem> {
  try {
    return newJob(await planTraining(dependencies, tenant, request), request, origin)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

/** Reads each dataset and model once, because jobs that are planned together mostly share them. */
export function readingOnce(
  { datasets, models, generated, maximumThreads }: PlanDependencies,
  tenantId: string,
): PlanDependencies {
  const dataset = remembering((id) => datasets.of(tenantId).get(id))
  const model = remembering((id) => models.of(tenantId).get(id))
  const tensors = remembering((id) => models.of(tenantId).tensors(id))
  return {
    maximumThreads,
    generated,
    datasets: { of: () => ({ get: dataset }) },
    models: { of: () => ({ get: model, tensors }) },
  }
}

function remembering<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>()
  return (id) => {
    const answer = answers.get(id) ?? read(id)
    answers.set(id, answer)
    return answer
  }
}
