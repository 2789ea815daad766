/**
 * A stream as server-sent events (HTML standard, section 9.2): the messages of the WebSocket as `data`. The `id` of an event
 * says what was told until then; the browser sends it back as Last-Event-ID when it connects again.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { LiveMessage, Sink } from '../live/sink.js'
import { sendingEvents } from './pace.js'

/** After this time the browser connects again. */
const retryMilliseconds = 2_000

/** A reader from whom nothing moves for so many pings is gone, though nobody said so. */
const pingsUnread = 2

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
  /** In units of the stream, for comparisons only. */
  #written = 0
  /** Of that, what had left for the reader at the last ping, and for how many pings it has been that. */
  #left = -1
  #stillFor = 0

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
    // Where the network is gone, the system finds it out, as there are no pongs.
    reply.raw.socket?.setKeepAlive(true, pingMilliseconds)
    const comments = setInterval(() => {
      if (this.#isSilent(reply.raw)) reply.raw.destroy()
      else if (!this.body.writableNeedDrain) this.#put(':\n\n')
    }, pingMilliseconds)
    reply.raw.once('close', () => {
      clearInterval(comments)
      this.#gone.abort()
      this.body.destroy()
    })
    this.#put(`retry: ${retryMilliseconds}\n\n`)
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
    do await this.#full
    while (!(await sendingEvents.run(() => this.#write(id, data))))
    await this.#full
  }

  /** False when something else has filled the buffer meanwhile. */
  #write(id: () => string | null, data: () => Buffer): boolean {
    if (this.#full !== undefined) return false
    if (this.#gone.signal.aborted) return true
    const told = id()
    this.#put(told === null ? 'data: ' : `id: ${told}\ndata: `)
    this.#put(data())
    if (this.#put('\n\n')) return true
    this.#full = this.#drained().finally(() => {
      this.#full = undefined
    })
    return true
  }

  #put(part: string | Buffer): boolean {
    this.#written += part.length
    return this.body.write(part)
  }

  /** Whether something has waited for the reader over two pings, and none of it has left. */
  #isSilent({ writableLength }: FastifyReply['raw']): boolean {
    const waiting = writableLength + this.body.readableLength + this.body.writableLength
    const left = this.#written - waiting
    this.#stillFor = waiting > 0 && left === this.#left ? this.#stillFor + 1 : 0
    this.#left = left
    return this.#stillFor === pingsUnread
  }

  async #drained(): Promise<void> {
    await once(this.body, 'drain', { signal: this.#gone.signal }).catch((error) => {
      if (!this.#gone.signal.aborted) throw error
    })
  }
}

export const eventStreamHeaders = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' } as const
