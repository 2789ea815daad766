/** The model of any epoch of a run, which the service recomputes if it is not stored. */
import { ApiError, get, post } from './api/client.js'
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
  return useQuery(key, (signal) => loadEpochModel(id, epoch ?? 0, signal))
}

async function loadEpochModel(id: string, epoch: number, signal: AbortSignal): Promise<EpochModel> {
  const answer = await post('/jobs/{id}/epochs/{epoch}/model', undefined, { id, epoch })
  const jobId = answer.object === 'model' ? (answer.jobId ?? id) : answer.id
  for (;;) {
    const job = await get('/jobs/{id}', { id: jobId, signal })
    if (job.modelId !== null) return { job, model: await get('/models/{id}', { id: job.modelId, signal }) }
    if (job.finishedAt !== null) {
      const message = job.error?.message ?? `The job of this epoch is ${job.status}.`
      throw new ApiError(409, job.error?.code ?? job.status, message)
    }
    await new Promise((resume) => setTimeout(resume, pollMilliseconds))
  }
}
