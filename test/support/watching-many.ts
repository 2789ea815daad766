/** A watcher of many jobs that records all messages. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import {
  type ClientMessage,
  epochsProtocol,
  type JobsStreamMessage,
  jobsStreamMessageSchema,
} from '../../src/contract/stream.js'
import { readEpochFrame } from './epoch-frames.js'

export interface WatchingMany {
  socket: WebSocket
  opened: Promise<unknown>
  messages: JobsStreamMessage[]
  /** Those of one job. */
  of(jobId: string): JobsStreamMessage[]
  /** Numbers of the epochs of one job, in the order in which they came. */
  epochsOf(jobId: string): number[]
  say(message: ClientMessage | object): void
  /** Resolves with the code when the socket is closed. */
  closed: Promise<number>
}

export function epochNumbers(messages: JobsStreamMessage[], jobId: string): number[] {
  return messages.flatMap((message) =>
    message.type === 'epochs' && message.jobId === jobId ? message.epochs.map(({ epoch }) => epoch) : [],
  )
}

interface Options {
  headers?: Record<string, string>
  binary?: boolean
}

export function watchMany(
  url: string,
  query = '',
  { headers = {}, binary = false }: Options = {},
): WatchingMany {
  const address = `${url.replace(/^http/, 'ws')}/stream${query}`
  const socket = new WebSocket(address, binary ? [epochsProtocol] : [], { headers })
  const messages: JobsStreamMessage[] = []
  socket.on('message', (data: Buffer, isBinary) => {
    const message = isBinary ? { type: 'epochs', ...readEpochFrame(data) } : JSON.parse(data.toString())
    messages.push(jobsStreamMessageSchema.parse(message))
  })
  return {
    socket,
    opened: once(socket, 'open'),
    messages,
    of: (jobId) => messages.filter((message) => message.jobId === jobId),
    epochsOf: (jobId) => epochNumbers(messages, jobId),
    say: (message) => socket.send(JSON.stringify(message)),
    closed: once(socket, 'close').then(([code]) => Number(code)),
  }
}
