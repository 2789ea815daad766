/** The stream of many jobs on one connection. */
import { follow, type StreamOptions } from './follow.js'
import { problemError } from './problem-errors.js'
import type { Schemas } from './routes.js'
import type { Transport } from './transport.js'

export type JobsStreamMessage = Schemas['JobsStreamMessage']

export interface JobsWatchOptions extends StreamOptions {
  /** False replaces the epochs by the job, at most once a second. Default: true. */
  epochs?: boolean
  /** Waits for other jobs after the end of all jobs. Default: false. */
  staysOpen?: boolean
}

type ClientMessage = Schemas['ClientMessage']
type Send = (message: ClientMessage) => void

/** Keeps messages below 16 KiB. */
const jobsPerMessage = 200
/** The most that server-sent events watch at a time, because their address has the jobs. */
const mostInAddress = 100

/**
 * Watches jobs, whose set may change meanwhile. Read it with one `for await`, which ends with the last job. A job that
 * does not exist gives a message of the type `problem`.
 */
export class JobsWatch implements AsyncIterable<JobsStreamMessage> {
  /** The last epoch of each job that was read. */
  readonly #positions = new Map<string, number>()
  readonly #transport: Transport
  readonly #options: JobsWatchOptions
  /** Writes to the WebSocket that is open. */
  #send: Send | undefined
  /** Whether other jobs need another connection, because the address has the jobs. */
  #isFixed = true
  #changed = new AbortController()

  constructor(transport: Transport, ids: Iterable<string>, options: JobsWatchOptions) {
    this.#transport = transport
    this.#options = options
    for (const id of ids) this.#positions.set(id, 0)
  }

  /** Replaces the watched jobs. The service allows 1,000 on a connection. */
  set(ids: Iterable<string>): void {
    const next = new Set(ids)
    const removed = [...this.#positions.keys()].filter((id) => !next.has(id))
    const added = [...next].filter((id) => !this.#positions.has(id))
    for (const id of removed) this.#positions.delete(id)
    for (const id of added) this.#positions.set(id, 0)
    if (removed.length + added.length === 0) return
    if (this.#isFixed) {
      this.#changed.abort()
    } else {
      for (const jobs of chunks(removed)) this.#send?.({ type: 'unwatch', jobs })
      this.#sendWatch(added)
    }
  }

  /** @throws ApiError for a refusal, ConnectionError as other streams do, or the reason of the signal */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobsStreamMessage, void, undefined> {
    const { staysOpen = false } = this.#options
    const signal = this.#transport.signalWith(this.#options.signal)
    while (this.#positions.size > 0 || staysOpen) {
      this.#changed = new AbortController()
      const changed = this.#changed.signal
      const either = signal === undefined ? changed : AbortSignal.any([signal, changed])
      try {
        if (this.#positions.size > 0) yield* this.#connect(either)
        else await aborted(either)
      } catch (error) {
        if (signal?.aborted === true || !changed.aborted) throw error
      } finally {
        this.#isFixed = true
        this.#send = undefined
      }
    }
  }

  /** Ends when no job is left, except that a WebSocket stays open with `staysOpen`. */
  async *#connect(signal: AbortSignal): AsyncGenerator<JobsStreamMessage, void, undefined> {
    const { onConnection, staysOpen, epochs = true } = this.#options
    const source = {
      route: 'GET /stream',
      query: (isSocket: boolean): Record<string, string> => {
        this.#isFixed = !isSocket
        const address = { epochs: String(epochs) }
        return isSocket ? address : { ...address, jobs: this.#positionsInAddress() }
      },
      opened: (send?: Send) => {
        this.#send = send
        this.#sendWatch([...this.#positions.keys()])
      },
      ticket: 'POST /stream-tickets',
      read: (data: unknown) => this.#read(JSON.parse(String(data))),
    } as const
    for await (const message of follow(this.#transport, source, { signal, onConnection })) {
      if (message !== undefined) yield message
      if (this.#positions.size === 0 && (this.#isFixed || staysOpen !== true)) return
    }
  }

  #positionsInAddress(): string {
    return [...this.#positions]
      .slice(0, mostInAddress)
      .map(([id, epoch]) => `${id}:${epoch}`)
      .join()
  }

  #sendWatch(ids: readonly string[]): void {
    for (const chunk of chunks(ids))
      this.#send?.({
        type: 'watch',
        jobs: chunk.map((id) => ({ id, after: this.#positions.get(id) ?? 0 })),
      })
  }

  /** The message without epochs that were read before, or undefined for a job that is no longer watched. */
  #read(message: JobsStreamMessage): JobsStreamMessage | undefined {
    const { jobId } = message
    if (message.type === 'problem' && jobId === null) throw problemError(message.problem)
    const last = this.#positions.get(jobId ?? '')
    if (jobId === null || last === undefined) return undefined
    if (message.type === 'end' || message.type === 'problem') this.#positions.delete(jobId)
    if (message.type !== 'epochs') return message
    const epochs = message.epochs.filter(({ epoch }) => epoch > last)
    const newest = epochs.at(-1)
    if (newest === undefined) return undefined
    this.#positions.set(jobId, newest.epoch)
    return { ...message, epochs }
  }
}

function* chunks(ids: readonly string[]): Generator<string[]> {
  for (let start = 0; start < ids.length; start += jobsPerMessage)
    yield ids.slice(start, start + jobsPerMessage)
}

/** @throws the reason of the signal when it is aborted */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}
