/** Trains a network without drawing, and predicts with it. */
import type { z } from 'zod'
import type { Epoch } from '../src/contract/epoch.js'
import type { Job } from '../src/contract/job.js'
import type { jobRequestSchema } from '../src/contract/job-request.js'
import { predictionsSchema } from '../src/contract/model.js'
import type { Activation } from '../src/contract/network.js'
import { request, submit, watch } from './client.js'

type JobRequest = z.input<typeof jobRequestSchema>
type LayerRequest = Exclude<NonNullable<JobRequest['network']>, 'auto'>['layers'][number]

export function dense(units: number, activation: Activation): LayerRequest {
  return { type: 'dense', units, activation }
}

interface Trained {
  job: Job
  /** Null after a divergence. */
  modelId: string | null
  epochs: Epoch[]
}

/** @throws Error with the reason when the training neither succeeds nor diverges */
export async function train(url: string, job: JobRequest): Promise<Trained> {
  const epochs: Epoch[] = []
  for await (const message of watch(url, await submit(url, job))) {
    if (message.type === 'epochs') epochs.push(...message.epochs)
    if (message.type !== 'end') continue
    const { status, modelId, error } = message.job
    if (modelId === null && epochs.at(-1)?.diverged !== true) {
      throw new Error(`the training ${status}${error === null ? '' : `: ${error.message}`}`)
    }
    return { job: message.job, modelId, epochs }
  }
  throw new Error('the stream ended without an end message')
}

/** The model's output for each row of inputs. */
export async function predictOutputs(
  url: string,
  modelId: string,
  inputs: readonly (readonly number[])[],
): Promise<number[][]> {
  const { predictions } = await request(`${url}/models/${modelId}/predict`, predictionsSchema, { inputs })
  return predictions.flatMap((prediction) => (prediction === null ? [] : [prediction.output]))
}
