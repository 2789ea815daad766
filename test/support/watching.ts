/** A watcher that records all messages. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Epoch } from '../../src/contract/epoch.js'
import type { Job } from '../../src/contract/job.js'
import { type StreamMessage, streamMessageSchema } from '../../src/contract/stream.js'

export interface Watching {
  messages: StreamMessage[]
  /** All epochs so far, in the order they came. */
  epochs(): Epoch[]
  /** Resolves when the server has closed the socket, with the close code and the last message's job. */
  ended: Promise<{ code: number; job: Job | undefined }>
  cut(): void
}

export function watchJob(url: string, jobId: string, after = 0, more = ''): Watching {
  const query = `?${[`after=${after}`, more].filter(Boolean).join('&')}`
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/jobs/${jobId}/stream${query}`)
  const messages: StreamMessage[] = []
  socket.on('message', (data) => messages.push(streamMessageSchema.parse(JSON.parse(String(data)))))
  const ended = once(socket, 'close').then(([code]) => {
    const last = messages.at(-1)
    return { code: Number(code), job: last?.type === 'end' ? last.job : undefined }
  })
  return {
    messages,
    epochs: () => messages.flatMap((message) => (message.type === 'epochs' ? message.epochs : [])),
    ended,
    cut: () => socket.terminate(),
  }
}

/** 1, 2, …, last */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
