/**
 * A stream as server-sent events (HTML standard, section 9.2). The `data` of an event is the message of the WebSocket.
 * The `id` encodes the stream position; a browser sends it as Last-Event-ID when it reconnects.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { LiveMessage, Sink } from '../live/sink.js'
import { eventStreamLane } from '../training/bulk-work.js'
import { requirePrincipal } from './principal.js'
import { closeConnection, onceClosed } from './response-close.js'
import type { StreamLimits } from './stream-limits.js'

/** Delay before the browser reconnects. */
const retryMilliseconds = 2_000

/** The connection is closed after this many pings in which no buffered byte was sent. */
const maximumStalledPings = 2

export class EventStreamSink implements Sink {
  readonly body: PassThrough
  readonly #closed = new AbortController()
  /** Whose turn of the bulk work a write takes. */
  readonly #tenantId: string
  #full: Promise<void> | undefined
  /** Counts bytes and characters alike; used for comparisons only. */
  #written = 0
  #sentAtLastPing = -1
  #stalledPings = 0

  /**
   * @param encode encodes a message as one line of JSON
   * @param idAfter the event id after a message; null keeps the previous id
   */
  constructor(
    reply: FastifyReply,
    private readonly encode: (message: LiveMessage) => Buffer,
    private readonly idAfter: (message: LiveMessage) => string | null,
    private readonly limits: StreamLimits,
  ) {
    this.#tenantId = requirePrincipal(reply.request).countedAs
    const { maximumBufferedBytes, readyBytes, pingMilliseconds } = limits
    this.body = new PassThrough({
      writableHighWaterMark: maximumBufferedBytes,
      readableHighWaterMark: readyBytes / 4,
    })
    // Server-sent events have no pong, so TCP keep-alive detects a dead network.
    reply.raw.socket?.setKeepAlive(true, pingMilliseconds)
    const comments = setInterval(() => {
      if (this.#isStalled(reply.raw)) closeConnection(reply)
      else if (!this.body.writableNeedDrain) this.#put(':\n\n')
    }, pingMilliseconds)
    onceClosed(reply, () => {
      clearInterval(comments)
      this.#closed.abort()
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
      () => this.encode(message),
    )
  }

  /** Calls `id` and `data` when the scheduler runs the write. */
  async write(id: () => string | null, data: () => Buffer): Promise<void> {
    do await this.#full
    while (!(await eventStreamLane.run(this.#tenantId, () => this.#write(id, data))))
    await this.#full
  }

  /** Returns false if another write filled the buffer first. */
  #write(id: () => string | null, data: () => Buffer): boolean {
    if (this.#full !== undefined) return false
    if (this.#closed.signal.aborted) return true
    const eventId = id()
    this.#put(eventId === null ? 'data: ' : `id: ${eventId}\ndata: `)
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

  /** Whether data was buffered and none of it was sent for `maximumStalledPings` pings. */
  #isStalled({ writableLength }: FastifyReply['raw']): boolean {
    const buffered = writableLength + this.body.readableLength + this.body.writableLength
    const sent = this.#written - buffered
    this.#stalledPings = buffered > 0 && sent === this.#sentAtLastPing ? this.#stalledPings + 1 : 0
    this.#sentAtLastPing = sent
    return this.#stalledPings === maximumStalledPings
  }

  async #drained(): Promise<void> {
    await once(this.body, 'drain', { signal: this.#closed.signal }).catch((error) => {
      if (!this.#closed.signal.aborted) throw error
    })
  }
}

export const eventStreamHeaders = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' } as const
