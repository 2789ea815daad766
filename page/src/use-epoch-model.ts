/** The model of any epoch of a run, which the service recomputes if it is not stored. */
import type { Descent } from '../../sdk/src/index.js'
import { PageError } from './api/problem.js'
import type { Job, Model } from './api/types.js'
import { type QueryResult, useQuery } from './components/use-query.js'

const pollMilliseconds = 200

export interface EpochModel {
  /** The job that has the model: the run itself, or a fork that ends after the epoch. */
  job: Job
  model: Model
}

/** @param epoch null for no epoch */
export function useEpochModel(id: string, epoch: number | null): QueryResult<EpochModel> {
  const key = epoch === null ? null : `${id} ${epoch}`
  return useQuery(key, (client) => loadEpochModel(client, id, epoch ?? 0))
}

async function loadEpochModel(client: Descent, id: string, epoch: number): Promise<EpochModel> {
  const answer = await client.request('POST /jobs/{id}/epochs/{epoch}/model', { path: { id, epoch } })
  const jobId = answer.object === 'model' ? (answer.jobId ?? id) : answer.id
  for (;;) {
    const job = await client.request('GET /jobs/{id}', { path: { id: jobId } })
    if (job.modelId !== null) return { job, model: await client.models.get(job.modelId) }
    if (job.finishedAt !== null) {
      const message = job.error?.message ?? `The job of this epoch is ${job.status}.`
      throw new PageError(job.error?.code ?? job.status, message)
    }
    await new Promise((resume) => setTimeout(resume, pollMilliseconds))
  }
}
