/** Trains what a demonstration asks for, and waits for its end. */
import { get, post, ApiError } from '../api/client.js'
import { watchJob } from '../api/watch-job.js'
import type { Boundary, DatasetRows, Epoch, Job, JobRequest, LayerRequest } from '../api/types.js'
import { maxDrawnRows } from '../draw/rows.js'

export interface Trained {
  job: Job
  epochs: Epoch[]
  modelId: string
  /** What the network answers at the end all over its one or two inputs, where that was asked for. */
  frame: Boundary | null
  /** What it was trained on, where the frame was asked for. */
  rows: DatasetRows | null
}

export type Request = Partial<JobRequest> & Pick<JobRequest, 'dataset' | 'network' | 'loss' | 'epochs'>

export const dense = (units: number, activation: 'linear' | 'tanh' | 'sigmoid' | 'step'): LayerRequest =>
  ({ type: 'dense', units, activation }) as LayerRequest

/** @throws ApiError when the service refuses, or the training does not succeed. */
export async function train(request: Request, boundary?: number): Promise<Trained> {
  const { id } = await post('/jobs', request as JobRequest)
  const rows =
    boundary === undefined ? null : await get('/jobs/{id}/rows', { id, query: { limit: maxDrawnRows } })
  return new Promise((resolve, reject) => {
    const epochs: Epoch[] = []
    let frame: Boundary | null = null
    let job: Job | null = null
    watchJob(
      id,
      {
        job(now) {
          job = now
        },
        epochs(more) {
          for (const epoch of more) epochs.push(epoch)
        },
        boundary(now) {
          frame = now
        },
        connection(state) {
          if (state === 'rejected') reject(new ApiError(403, 'refused', 'The run may not be watched.'))
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

export const modelOf = (id: string) => get('/models/{id}', { id })
export const finalLoss = ({ epochs }: Trained) => epochs.at(-1)?.loss ?? Number.NaN
