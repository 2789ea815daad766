/**
 * A watched job as server-sent events (HTML standard, section 9.2): the messages of the WebSocket as `data`. The `id` is the
 * last epoch told, which the browser sends back as Last-Event-ID when it connects again; behind the end it is `…-end`.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { StreamMessage } from '../contract/stream.js'
import type { Sink } from '../live/live.js'

/** After this time the browser connects again. */
const retryMilliseconds = 2_000

export interface EventStream {
  sink: Sink
  body: PassThrough
}

export interface EventStreamLimits {
  /** While more than this waits for the reader, nothing is written; the message that did it comes on top. */
  maximumBufferedBytes: number
  readyBytes: number
  /** Between two comments, which keep proxies from closing a quiet connection. */
  pingMilliseconds: number
}

/** `textOf` gives a message as JSON, on one line. */
export function openEventStream(
  reply: FastifyReply,
  textOf: (message: StreamMessage) => Buffer,
  { maximumBufferedBytes, readyBytes, pingMilliseconds }: EventStreamLimits,
): EventStream {
  const gone = new AbortController()
  const body = new PassThrough({
    writableHighWaterMark: maximumBufferedBytes,
    readableHighWaterMark: readyBytes / 4,
  })
  // What nobody answers any more is found out by the system, as there are no pongs.
  reply.raw.socket?.setKeepAlive(true, pingMilliseconds)
  const comments = setInterval(() => {
    if (!body.writableNeedDrain) body.write(':\n\n')
  }, pingMilliseconds)
  reply.raw.once('close', () => {
    clearInterval(comments)
    gone.abort()
    body.destroy()
  })
  body.write(`retry: ${retryMilliseconds}\n\n`)
  const sink: Sink = {
    signal: gone.signal,
    isReady: () => body.writableLength < readyBytes,
    async send(message) {
      if (gone.signal.aborted) return
      body.write(`${idLine(message)}data: `)
      body.write(textOf(message))
      if (body.write('\n\n')) return
      await once(body, 'drain', { signal: gone.signal }).catch((error) => {
        if (!gone.signal.aborted) throw error
      })
    },
  }
  return { sink, body }
}

function idLine(message: StreamMessage): string {
  switch (message.type) {
    case 'epochs':
      return `id: ${message.epochs.at(-1)?.epoch}\n`
    case 'end':
      return `id: ${message.job.epoch}-end\n`
    case 'job':
    case 'boundary':
      return ''
    default:
      return message satisfies never
  }
}

/** What a browser that connects again has got already; null for a header that is not ours. */
export function readLastEventId(
  header: string | string[] | undefined,
): { epoch: number; ended: boolean } | null {
  const found = typeof header === 'string' ? /^(\d{1,10})(-end)?$/.exec(header) : null
  return found === null ? null : { epoch: Number(found[1]), ended: found[2] !== undefined }
}
