/** Trainings: start them, watch them, wait for them. */
import type { Filter } from './lists.js'
import { listItems } from './lists.js'
import type { CallOptions, Schemas } from './routes.js'
import type { Transport } from './transport.js'
import {
  type DoneOptions,
  type EpochOptions,
  type FinishedJob,
  hasEnded,
  type JobData,
  requireSuccess,
  type StreamMessage,
  type WatchOptions,
  waitForJob,
  watchJob,
} from './watch-job.js'
import { JobsWatch, type JobsWatchOptions } from './watch-jobs.js'

/** A training to start. Only `dataset` is required, unless `network` lists layers. */
export type JobRequest = Schemas['JobRequest']
/** A request whose network lists layers. Compilers name this type where loss or epochs are missing. */
export interface RequestWithLossAndEpochs extends JobRequest {
  /** Layers from the input to the output. */
  network: Schemas['NetworkInput']
  /** Loss to minimize. */
  loss: Schemas['Loss']
  /** Passes over the training rows. */
  epochs: number
}
/**
 * The request with a network of this type. The branch that nothing reaches lets the compiler infer it, without a part of
 * the result that would hide the documentation of the layers.
 */
type RequestOf<Network> = [Network] extends [object]
  ? RequestWithLossAndEpochs
  : [Network] extends [never]
    ? { network?: Network }
    : JobRequest
/** Loss and accuracy of one epoch. */
export type Epoch = Schemas['Epoch']

export class Jobs {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Queues a training. However often the request has to be repeated, it creates one job.
   * @param request what to train. Only `dataset` is required: the service chooses the rest
   * @throws InvalidSpecError if the spec cannot be trained, or the dataset does not exist
   */
  async create<Network extends JobRequest['network'] = 'auto'>(
    request: RequestOf<Network>,
    options: CallOptions = {},
  ): Promise<Job> {
    return this.of(await this.#transport.json('POST /jobs', { ...options, body: request }))
  }

  /**
   * Checks a training without starting it: the chosen values, the layers, and an estimate of its seconds.
   * @throws InvalidSpecError and others, like `create`
   */
  validate<Network extends JobRequest['network'] = 'auto'>(
    request: RequestOf<Network>,
    options: CallOptions = {},
  ): Promise<Schemas['JobValidation']> {
    return this.#transport.json('POST /jobs/validate', { ...options, body: request })
  }

  /** The job with this id. @throws NotFoundError */
  async get(id: string, options: CallOptions = {}): Promise<Job> {
    return this.of(await this.#transport.json('GET /jobs/{id}', { ...options, path: { id } }))
  }

  /** All jobs, newest first. Reads the next page when the loop reaches it. */
  async *list(
    filter: Filter<'GET /jobs'> = {},
    options: CallOptions = {},
  ): AsyncGenerator<Job, void, undefined> {
    for await (const data of listItems(this.#transport, 'GET /jobs', { query: filter }, options))
      yield this.of(data)
  }

  /** A job that the service has answered. */
  of(data: JobData): Job {
    return new Job(this.#transport, data)
  }

  /** Watches a job by its id. */
  watch(id: string, options?: WatchOptions): AsyncGenerator<StreamMessage, void, undefined> {
    return watchJob(this.#transport, id, options)
  }

  /** Watches many jobs over one connection. */
  watchMany(ids: Iterable<string>, options: JobsWatchOptions = {}): JobsWatch {
    return new JobsWatch(this.#transport, ids, options)
  }

  /** Deletes a finished job, without its model. */
  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.json('DELETE /jobs/{id}', { ...options, path: { id } })
  }
}

/** One training. */
export class Job {
  /** What the service last answered or streamed. `refresh` reads it again. */
  data: JobData
  readonly #transport: Transport

  constructor(transport: Transport, data: JobData) {
    this.#transport = transport
    this.data = data
  }

  /** A job_… id. */
  get id(): string {
    return this.data.id
  }

  /** The status in `data`. */
  get status(): JobData['status'] {
    return this.data.status
  }

  /**
   * Every epoch once and in order, from the first one to the end of the training, over all lost connections.
   * @example
   * for await (const { epoch, loss } of job.epochs()) console.log(epoch, loss)
   */
  async *epochs(options?: EpochOptions): AsyncGenerator<Epoch, void, undefined> {
    for await (const message of this.watch(options)) if (message.type === 'epochs') yield* message.epochs
  }

  /** The messages of the stream: the job when it changes, its epochs, its boundary, and its end. */
  async *watch(options?: WatchOptions): AsyncGenerator<StreamMessage, void, undefined> {
    for await (const message of watchJob(this.#transport, this.id, options)) {
      if (message.type === 'job' || message.type === 'end') this.data = message.job
      yield message
    }
  }

  /**
   * Waits for the end of the training. The job then has a `modelId` and the metrics of its model.
   * @throws JobFailedError or JobCancelledError
   */
  async done({ onProgress, ...options }: DoneOptions = {}): Promise<FinishedJob> {
    if (hasEnded(this.data)) return requireSuccess(this.data)
    return waitForJob(this.#transport, this.id, {
      ...options,
      onProgress: (job) => {
        this.data = job
        onProgress?.(job)
      },
    })
  }

  /** Reads the job again. */
  async refresh(options?: CallOptions): Promise<this> {
    return this.#change('GET /jobs/{id}', options)
  }

  /** Ends the training without a model. */
  async cancel(options?: CallOptions): Promise<this> {
    return this.#change('POST /jobs/{id}/cancel', options)
  }

  /** Stops the training at a checkpoint until `resume`. */
  async pause(options?: CallOptions): Promise<this> {
    return this.#change('POST /jobs/{id}/pause', options)
  }

  /** Queues a paused job again, with other epochs or another learning rate if given. */
  async resume(changes?: Schemas['ResumeRequest'], options?: CallOptions): Promise<this> {
    return this.#change('POST /jobs/{id}/resume', { ...options, body: changes })
  }

  async #change(
    route: 'GET /jobs/{id}' | `POST /jobs/{id}/${'cancel' | 'pause' | 'resume'}`,
    call: CallOptions & { body?: unknown } = {},
  ): Promise<this> {
    this.data = await this.#transport.json(route, { ...call, path: { id: this.id } })
    return this
  }
}
