/** Sweeps: many trainings of one spec with other values. */
import { SweepCancelledError, SweepFailedError } from './errors.js'
import type { StreamOptions } from './follow.js'
import { type Filter, listItems } from './lists.js'
import type { CallOptions, Schemas } from './routes.js'
import type { Transport } from './transport.js'
import { type SweepMessage, type SweepWatchOptions, watchSweep } from './watch-sweep.js'

/** A spec, the values to try in it, and how to search them. */
export type SweepRequest = Schemas['SweepRequest']
/** One training of a sweep, with its values and score. */
export type Trial = Schemas['Trial']
/** Lists and new sweeps have the summary, without counts and best points. */
type SweepData = Schemas['Sweep'] | Schemas['SweepSummary']

export class Sweeps {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Starts a sweep. However often the request has to be repeated, it creates one. */
  async create(request: SweepRequest, options: CallOptions = {}): Promise<Sweep> {
    return this.of(await this.#transport.json('POST /sweeps', { ...options, body: request }))
  }

  /** The sweep with this id. @throws NotFoundError */
  async get(id: string, options: CallOptions = {}): Promise<Sweep> {
    return this.of(await this.#transport.json('GET /sweeps/{id}', { ...options, path: { id } }))
  }

  /** All sweeps, newest first. */
  async *list(
    filter: Filter<'GET /sweeps'> = {},
    options: CallOptions = {},
  ): AsyncGenerator<Sweep, void, undefined> {
    for await (const data of listItems(this.#transport, 'GET /sweeps', { query: filter }, options))
      yield this.of(data)
  }

  /** A sweep that the service has answered. */
  of(data: SweepData): Sweep {
    return new Sweep(this.#transport, data)
  }

  /** Watches a sweep by its id. */
  watch(id: string, options?: SweepWatchOptions): AsyncGenerator<SweepMessage, void, undefined> {
    return watchSweep(this.#transport, id, options)
  }

  /** Deletes a finished sweep. Its jobs and models stay. */
  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.json('DELETE /sweeps/{id}', { ...options, path: { id } })
  }
}

/** One sweep. */
export class Sweep {
  /** What the service last answered or streamed. `refresh` reads it again. */
  data: SweepData
  readonly #transport: Transport

  constructor(transport: Transport, data: SweepData) {
    this.#transport = transport
    this.data = data
  }

  /** A swp_… id. */
  get id(): string {
    return this.data.id
  }

  /** All trials so far, by number. */
  trials(options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /sweeps/{id}/trials', { path: { id: this.id } }, options)
  }

  /**
   * The messages of the stream up to the end of the sweep. After a lost connection, a trial may be sent again with the
   * same values.
   */
  async *watch(options?: SweepWatchOptions): AsyncGenerator<SweepMessage, void, undefined> {
    for await (const message of watchSweep(this.#transport, this.id, options)) {
      if (message.type !== 'trials') this.data = message.sweep
      yield message
    }
  }

  /**
   * Waits for the end of the sweep.
   * @throws SweepFailedError if no trial succeeded, or SweepCancelledError
   */
  async done({ onProgress, ...options }: SweepDoneOptions = {}): Promise<Schemas['Sweep']> {
    for await (const message of this.watch({ ...options, trials: false })) {
      if (message.type === 'trials') continue
      onProgress?.(message.sweep)
      if (message.type === 'sweep') continue
      if (message.sweep.status === 'failed') throw new SweepFailedError(message.sweep)
      if (message.sweep.status === 'cancelled') throw new SweepCancelledError(message.sweep)
      return message.sweep
    }
    throw new Error('the stream has no end')
  }

  /** Reads the sweep again. */
  async refresh(options?: CallOptions): Promise<this> {
    return this.#change('GET /sweeps/{id}', options)
  }

  /** Cancels the trials that have not ended. */
  async cancel(options?: CallOptions): Promise<this> {
    return this.#change('POST /sweeps/{id}/cancel', options)
  }

  /** Pauses the trials that have not ended. */
  async pause(options?: CallOptions): Promise<this> {
    return this.#change('POST /sweeps/{id}/pause', options)
  }

  /** Continues a paused sweep. */
  async resume(options?: CallOptions): Promise<this> {
    return this.#change('POST /sweeps/{id}/resume', options)
  }

  async #change(
    route: 'GET /sweeps/{id}' | `POST /sweeps/{id}/${'cancel' | 'pause' | 'resume'}`,
    options: CallOptions = {},
  ): Promise<this> {
    this.data = await this.#transport.json(route, { ...options, path: { id: this.id } })
    return this
  }
}

export interface SweepDoneOptions extends StreamOptions {
  /** Called with the sweep when it changes, at most once a second. */
  onProgress?: (sweep: Schemas['Sweep']) => void
}
