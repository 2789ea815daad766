/** A training from its request to its model. */
import type { z } from 'zod'
import { request, submit } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { type EvaluatedModel, evaluatedModelSchema } from '../../src/contract/model.js'
import { eventually } from './service.js'

/** Throws the job's own message when it fails. */
export async function trainedModel(
  url: string,
  job: z.input<typeof jobRequestSchema>,
): Promise<EvaluatedModel> {
  const { id } = await submit(url, job)
  const modelId = await eventually(async () => {
    const { status, modelId, error } = await request(`${url}/jobs/${id}`, jobSchema)
    if (status === 'failed') throw new Error(error?.message)
    return modelId ?? undefined
  })
  return request(`${url}/models/${modelId}`, evaluatedModelSchema)
}
