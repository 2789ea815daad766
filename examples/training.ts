/** Trains a network without drawing, and predicts with it. */
import { type Epoch, type JobData, JobFailedError, type JobRequest, type Schemas } from '../sdk/src/index.js'
import { connect } from './client.js'

type LayerRequest = Schemas['LayerInput']

export function dense(units: number, activation: Schemas['Activation']): LayerRequest {
  return { type: 'dense', units, activation }
}

interface Trained {
  job: JobData
  /** Null after a divergence. */
  modelId: string | null
  epochs: Epoch[]
}

/** @throws JobFailedError or JobCancelledError when the training neither succeeds nor diverges */
export async function train(url: string, request: JobRequest): Promise<Trained> {
  const job = await connect(url).jobs.create(request)
  const epochs: Epoch[] = []
  for await (const message of job.watch()) if (message.type === 'epochs') epochs.push(...message.epochs)
  try {
    const finished = await job.done()
    return { job: finished, modelId: finished.modelId, epochs }
  } catch (error) {
    if (!(error instanceof JobFailedError && error.code === 'diverged')) throw error
    return { job: error.job, modelId: null, epochs }
  }
}

/** The model's output for each row of inputs. */
export async function predictOutputs(
  url: string,
  modelId: string,
  inputs: readonly (readonly number[])[],
): Promise<number[][]> {
  const { predictions } = await connect(url).models.predict(modelId, inputs)
  return predictions.flatMap((prediction) => (prediction === null ? [] : [prediction.output]))
}
