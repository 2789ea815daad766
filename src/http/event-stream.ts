/**
 * A stream as server-sent events (HTML standard, section 9.2): the messages of the WebSocket as `data`. The `id` of an event
 * says what was told until then; the browser sends it back as Last-Event-ID when it connects again.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { LiveMessage, Sink } from '../live/sink.js'

/** After this time the browser connects again. */
const retryMilliseconds = 2_000

export interface StreamLimits {
  /** While more than this waits for the reader, nothing is written; the message that did it comes on top. */
  maximumBufferedBytes: number
  /** Frames of a boundary are left out while more than this waits. */
  readyBytes: number
  /** Between two pings or comments, which keep proxies from closing a quiet connection. */
  pingMilliseconds: number
}

export class EventStream implements Sink {
  readonly body: PassThrough
  readonly #gone = new AbortController()
  #full: Promise<void> | undefined

  /**
   * @param textOf a message as JSON, on one line
   * @param idAfter what the `id` is after that message; null leaves it as it was
   */
  constructor(
    reply: FastifyReply,
    private readonly textOf: (message: LiveMessage) => Buffer,
    private readonly idAfter: (message: LiveMessage) => string | null,
    private readonly limits: StreamLimits,
  ) {
    const { maximumBufferedBytes, readyBytes, pingMilliseconds } = limits
    this.body = new PassThrough({
      writableHighWaterMark: maximumBufferedBytes,
      readableHighWaterMark: readyBytes / 4,
    })
    // What nobody answers any more is found out by the system, as there are no pongs.
    reply.raw.socket?.setKeepAlive(true, pingMilliseconds)
    const comments = setInterval(() => {
      if (!this.body.writableNeedDrain) this.body.write(':\n\n')
    }, pingMilliseconds)
    reply.raw.once('close', () => {
      clearInterval(comments)
      this.#gone.abort()
      this.body.destroy()
    })
    this.body.write(`retry: ${retryMilliseconds}\n\n`)
  }

  isReady(): boolean {
    return this.body.writableLength < this.limits.readyBytes
  }

  async send(message: LiveMessage): Promise<void> {
    await this.write(
      () => this.idAfter(message),
      () => this.textOf(message),
    )
  }

  /** Both are called when the event's turn has come. */
  async write(id: () => string | null, data: () => Buffer): Promise<void> {
    while (this.#full !== undefined) await this.#full
    if (this.#gone.signal.aborted) return
    const told = id()
    this.body.write(told === null ? 'data: ' : `id: ${told}\ndata: `)
    this.body.write(data())
    if (this.body.write('\n\n')) return
    this.#full = this.#drained().finally(() => {
      this.#full = undefined
    })
    await this.#full
  }

  async #drained(): Promise<void> {
    await once(this.body, 'drain', { signal: this.#gone.signal }).catch((error) => {
      if (!this.#gone.signal.aborted) throw error
    })
  }
}

export const eventStreamHeaders = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' } as const
