/** The streams of a job. */
import { epochsProtocol, readEpochFrame } from './epoch-frame.js'
import { JobCancelledError, JobFailedError } from './errors.js'
import { follow, type StreamOptions } from './follow.js'
import { problemError } from './problem-errors.js'
import type { Schemas } from './routes.js'
import type { Transport } from './transport.js'
import { JobsWatch } from './watch-jobs.js'

export type JobData = Schemas['Job']
export type StreamMessage = Schemas['StreamMessage']

/** A job that succeeded, with its model. */
export type FinishedJob = JobData & { modelId: string }

export interface EpochOptions extends StreamOptions {
  /** Only epochs after this one. */
  after?: number
}

export interface WatchOptions extends EpochOptions {
  /** Also sends outputs of the network, on a grid with this number of points along each input. */
  boundary?: number
  /** Adds the weights of a small network to each boundary. */
  weights?: boolean
}

/** Yields the messages up to the end of the job. Epochs arrive once and in order, whatever the connection does. */
export async function* watchJob(
  transport: Transport,
  id: string,
  { after = 0, boundary, weights, ...options }: WatchOptions = {},
): AsyncGenerator<StreamMessage, void, undefined> {
  let last = after
  const view = {
    ...(boundary === undefined ? {} : { boundary: String(boundary) }),
    ...(weights === undefined ? {} : { weights: String(weights) }),
  }
  const source = {
    route: 'GET /jobs/{id}/stream',
    path: { id },
    query: () => ({ after: String(last), ...view }),
    protocol: epochsProtocol,
    ticket: 'POST /jobs/{id}/stream-tickets',
    read: readMessage,
  } as const
  for await (const message of follow(transport, source, options)) {
    if (message.type === 'epochs') {
      const epochs = message.epochs.filter(({ epoch }) => epoch > last)
      last = epochs.at(-1)?.epoch ?? last
      if (epochs.length > 0) yield { type: 'epochs', epochs }
      continue
    }
    yield message
    if (message.type === 'end') return
  }
}

function readMessage(data: string | ArrayBuffer): StreamMessage {
  return typeof data === 'string' ? JSON.parse(data) : { type: 'epochs', epochs: readEpochFrame(data) }
}

export interface DoneOptions extends StreamOptions {
  /** Called with the job when it changes, at most once a second. */
  onProgress?: (job: JobData) => void
}

/**
 * Waits for the end of a job.
 * @throws JobFailedError or JobCancelledError
 */
export async function waitForJob(
  transport: Transport,
  id: string,
  { onProgress, ...options }: DoneOptions = {},
): Promise<FinishedJob> {
  for await (const message of new JobsWatch(transport, [id], { ...options, epochs: false })) {
    switch (message.type) {
      case 'job':
        onProgress?.(message.job)
        break
      case 'end':
        onProgress?.(message.job)
        return requireSuccess(message.job)
      case 'problem':
        throw problemError(message.problem)
      case 'epochs':
        break
      default:
        message satisfies never
    }
  }
  throw new Error('the stream has no end')
}

/** Whether the job has ended. */
export const hasEnded = ({ status }: JobData) =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled'

/** @throws JobFailedError, JobCancelledError, or NotFoundError if the model was deleted */
export function requireSuccess(job: JobData): FinishedJob {
  if (job.status === 'failed') throw new JobFailedError(job)
  if (job.status === 'cancelled') throw new JobCancelledError(job)
  if (job.modelId !== null) return { ...job, modelId: job.modelId }
  const detail = `The model of job ${job.id} was deleted.`
  throw problemError({ code: 'not-found', status: 404, title: 'Resource not found', detail })
}
