/** Trains the networks of the demonstrations. */
import type { LectureJob } from '../../../examples/lecture/job.js'
import { ApiError, get, post } from '../api/client.js'
import type { Boundary, DatasetRows, Epoch, Job, JobRequest } from '../api/types.js'
import { watchJob } from '../api/watch-job.js'
import { maxDrawnRows } from '../draw/rows.js'

export interface Trained {
  job: Job
  epochs: Epoch[]
  modelId: string
  /** The last boundary frame, if one was requested. */
  frame: Boundary | null
  /** The training rows, if a boundary was requested. */
  rows: DatasetRows | null
}

/** Trains and waits for the end. @throws ApiError if the request or the training fails. */
export async function train(request: LectureJob, boundary?: number): Promise<Trained> {
  // The audience watches the training.
  const { id } = await post('/jobs', { ...request, reuse: false } as JobRequest)
  const rows =
    boundary === undefined ? null : await get('/jobs/{id}/rows', { id, query: { limit: maxDrawnRows } })
  return new Promise((resolve, reject) => {
    const epochs: Epoch[] = []
    let frame: Boundary | null = null
    let job: Job | null = null
    watchJob(
      id,
      {
        job(current) {
          job = current
        },
        epochs(more) {
          for (const epoch of more) epochs.push(epoch)
        },
        boundary(latest) {
          frame = latest
        },
        connection(state) {
          if (state === 'rejected') reject(new ApiError(403, 'rejected', 'No permission to watch the run.'))
          if (state !== 'ended' || job === null) return
          if (job.modelId === null)
            reject(new ApiError(500, job.status, job.error?.message ?? `The run was ${job.status}.`))
          else resolve({ job, epochs, modelId: job.modelId, frame, rows })
        },
      },
      boundary,
    )
  })
}

export async function predictOutputs(modelId: string, inputs: number[][]): Promise<number[][]> {
  const { predictions } = await post('/models/{id}/predict', { inputs }, { id: modelId })
  return predictions.flatMap((prediction) => (prediction === null ? [] : [prediction.output]))
}

export const finalLoss = ({ epochs }: Trained) => epochs.at(-1)?.loss ?? Number.NaN

/** A training without a finite last loss is never the lowest. */
export function lowestLoss(trained: readonly Trained[]): Trained {
  const loss = (each: Trained) =>
    Number.isFinite(finalLoss(each)) ? finalLoss(each) : Number.POSITIVE_INFINITY
  return trained.reduce((a, b) => (loss(b) < loss(a) ? b : a))
}
