/** Readers of streams. They count bytes, and check by the first and last epoch of each message that none is missing. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Job } from '../src/contract/job.js'

/** Connections opened concurrently. */
const opening = 100
/** Messages begin with their type and the id of the job, and end with the last epoch. */
const headBytes = 200
const tailBytes = 300

export const latin1 = (bytes: Buffer, from: number, to?: number) =>
  bytes.subarray(from, to).toString('latin1')

interface Received {
  /** Including frames and handshake. */
  bytes: number
  /** Time of the end by the monotonic clock. */
  moment: number
}

/** Checks the messages of one job. */
export class Follower {
  private last: number
  ended = false

  constructor(
    readonly job: Job,
    after = 0,
  ) {
    this.last = after
  }

  /** @throws Error if an epoch is missing or duplicated */
  take(message: Buffer, isBinary: boolean): void {
    const head = latin1(message, 0, headBytes)
    if (!isBinary && head.startsWith('{"type":"end"')) this.ended = true
    if (!isBinary && !head.startsWith('{"type":"epochs"')) return
    const { first, last } = isBinary ? numbersInBinary(head) : numbersInText(head, message)
    if (first !== this.last + 1) throw new Error(`epoch ${first} came where ${this.last + 1} was due`)
    this.last = last
  }

  /** @throws Error if the stream is incomplete */
  check(): void {
    if (!this.ended || this.last !== this.job.epochs) {
      throw new Error(`a reader of ${this.job.id} got ${this.last} epochs`)
    }
  }
}

function numbersInText(head: string, message: Buffer): { first: number; last: number } {
  const tail = latin1(message, -tailBytes)
  const numberAt = (text: string, at: number) => Number.parseInt(text.slice(at + '"epoch":'.length), 10)
  return {
    first: numberAt(head, head.indexOf('"epoch":')),
    last: numberAt(tail, tail.lastIndexOf('"epoch":')),
  }
}

function numbersInBinary(head: string): { first: number; last: number } {
  const [, first = '', count = ''] = /"firstEpoch":(\d+),"count":(\d+)/.exec(head) ?? []
  return { first: Number(first), last: Number(first) + Number(count) - 1 }
}

export const socketAddress = (url: string) => url.replace(/^http/, 'ws')

/** Resolves when the server closes the connection; rejects with an error of `take`. */
export async function read(
  socket: WebSocket,
  take: (message: Buffer, isBinary: boolean) => void,
): Promise<Received> {
  let connection: { bytesRead: number } | undefined
  socket.once('upgrade', (answer) => {
    connection = answer.socket
  })
  const failed = new Promise<never>((_resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data, isBinary) => {
      try {
        if (data instanceof Buffer) take(data, isBinary)
      } catch (error) {
        reject(error)
      }
    })
  })
  await Promise.race([once(socket, 'close'), failed])
  return { bytes: connection?.bytesRead ?? 0, moment: performance.now() }
}

/** Reads a job to its end. */
export async function readJob(
  url: string,
  job: Job,
  protocol?: string,
  opened = () => {},
): Promise<Received> {
  const socket = new WebSocket(`${socketAddress(url)}${job.links.stream}`, protocol)
  const follower = new Follower(job)
  const received = await read(socket, (message, isBinary) => {
    opened()
    follower.take(message, isBinary)
  })
  follower.check()
  return received
}

/** Runs the tasks with limited concurrency. */
export async function inParallel<T>(tasks: (() => Promise<T>)[], width: number): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async () => {
    while (next < tasks.length) {
      const index = next++
      results[index] = await tasks[index]()
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}

/** Opens a stream for each job, with limited concurrency. Resolves when each has its first message. */
export async function readAll(
  url: string,
  jobs: Job[],
  protocol?: string,
): Promise<{ ends: Promise<Received[]> }> {
  const ends: Promise<Received>[] = []
  const open = (job: Job) => () =>
    new Promise<void>((resolve, reject) => {
      const end = readJob(url, job, protocol, resolve)
      end.catch(reject)
      ends.push(end)
    })
  await inParallel(jobs.map(open), opening)
  return { ends: Promise.all(ends) }
}

export function summary(received: Received[], begin: number): object {
  const moments = received.map(({ moment }) => moment)
  const bytes = received.reduce((sum, each) => sum + each.bytes, 0)
  return {
    mebibytes: Math.round(bytes / 1024 / 102.4) / 10,
    millisecondsUntilLastHasAll: Math.round(Math.max(...moments) - begin),
  }
}
