/** Trains demonstrations on the service, and reports how far they are. */
import { constructionRequest } from '../../../examples/lecture/boolean-function.js'
import { limitConcurrency } from '../../../examples/lecture/concurrency.js'
import type { LectureJob } from '../../../examples/lecture/job.js'
import type { Laboratory, Network, Training } from '../../../examples/lecture/laboratory.js'
import { client } from '../api/client.js'
import { PageError } from '../api/problem.js'
import type { Epoch, JobRequest } from '../api/types.js'

/** Trainings that wait or run at once, each with a stream. */
const concurrency = 16
/** Between two reports, so that drawing does not slow the trainings down. */
const reportMilliseconds = 150

export interface Progress {
  /** Trainings that were requested, and that ended. */
  requested: number
  ended: number
  /** The most recent epoch of any training. */
  latest: { name: string; epoch: number; epochs: number; loss: number | null } | null
}

interface Options {
  /** Whether the stored run of an equal job answers at once. */
  reuse: boolean
  report(progress: Progress): void
  signal: AbortSignal
}

interface PageLaboratory extends Laboratory {
  /** The jobs that were requested. */
  jobs: readonly LectureJob[]
}

export function pageLaboratory({ reuse, report, signal }: Options): PageLaboratory {
  const jobs: LectureJob[] = []
  const progress: Progress = { requested: 0, ended: 0, latest: null }
  const limited = limitConcurrency(concurrency)
  let reportedAt = 0
  const reportSometimes = () => {
    const now = performance.now()
    if (now - reportedAt < reportMilliseconds && progress.ended < progress.requested) return
    reportedAt = now
    report({ ...progress })
  }
  return {
    jobs,
    async train(job) {
      jobs.push(job)
      progress.requested += 1
      reportSometimes()
      const trained = await limited(() => {
        signal.throwIfAborted()
        return trainOn(job, reuse, signal, (epoch) => {
          progress.latest = { name: job.name, epoch: epoch.epoch, epochs: job.epochs, loss: epoch.loss }
          reportSometimes()
        })
      })
      progress.ended += 1
      reportSometimes()
      return trained
    },
    async construct(inputs, trueRows) {
      const model = await client.request('POST /models', { body: constructionRequest(inputs, trueRows) })
      return network(model.parameters, model.id)
    },
  }
}

function network(parameters: number, modelId: string | null): Network {
  return {
    parameters,
    async predict(inputs) {
      if (modelId === null) throw new PageError('diverged', 'A training that diverged has no model.')
      const body = { inputs: inputs.map((row) => [...row]) }
      const { predictions } = await client.request('POST /models/{id}/predict', {
        path: { id: modelId },
        body,
      })
      return predictions.flatMap((prediction) => (prediction === null ? [] : [prediction.output]))
    },
  }
}

/** Trains and waits for the end. @throws Problem if the request or the training fails */
async function trainOn(
  request: LectureJob,
  reuse: boolean,
  signal: AbortSignal,
  show: (epoch: Epoch) => void,
): Promise<Training> {
  const body = { seed: 1, ...request, reuse } as JobRequest
  const job = await client.jobs.create(body, { signal })
  const epochs: Epoch[] = []
  for await (const epoch of job.epochs({ signal })) {
    epochs.push(epoch)
    show(epoch)
  }
  const { modelId, parameters, status, error } = job.data
  if (modelId === null && epochs.at(-1)?.diverged !== true)
    throw new PageError(status, error?.message ?? `The run was ${status}.`)
  return { ...network(parameters, modelId), epochs }
}
