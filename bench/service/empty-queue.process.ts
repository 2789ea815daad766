/** One side of a BullMQ queue on Redis whose jobs do nothing: adds jobs or takes them. */
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { answerMessages } from './bench-process.js'

export type EmptyQueueOrder =
  /** Adds all of them at once. */
  | { type: 'addAll'; redis: string; jobs: number }
  /** Adds each separately, 32 at a time, as requests would. */
  | { type: 'addEach'; redis: string; jobs: number }
  /** Takes so many. */
  | { type: 'take'; redis: string; jobs: number }

/** Milliseconds since 1970 of the first and the last job that was added or taken. */
export interface EmptyQueueReport {
  begin: number
  end: number
}

const name = 'empty'
const lanes = 32
const concurrency = 2
const options = { removeOnComplete: true, removeOnFail: true }

let queue: Queue | undefined
let redis: Redis | undefined

const now = () => performance.timeOrigin + performance.now()

async function run({ type, redis: address, jobs }: EmptyQueueOrder): Promise<EmptyQueueReport> {
  redis ??= new Redis(address, { maxRetriesPerRequest: null })
  const connection = redis
  switch (type) {
    case 'addAll': {
      queue ??= new Queue(name, { connection })
      const begin = now()
      await queue.addBulk(
        Array.from({ length: jobs }, (_, n) => ({ name: 'job', data: { n }, opts: options })),
      )
      return { begin, end: now() }
    }
    case 'addEach': {
      queue ??= new Queue(name, { connection })
      const begin = now()
      await addEach(queue, jobs)
      return { begin, end: now() }
    }
    case 'take':
      return take(connection, jobs)
    default:
      throw new Error(`unknown order ${type satisfies never}`)
  }
}

async function addEach(to: Queue, jobs: number): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < jobs) await to.add('job', { n: next++ }, options)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function take(connection: Redis, jobs: number): Promise<EmptyQueueReport> {
  let begin = 0
  let taken = 0
  const worker = new Worker(
    name,
    async () => {
      if (begin === 0) begin = now()
    },
    { connection, concurrency },
  )
  await new Promise<void>((resolve) => {
    worker.on('completed', () => {
      taken += 1
      if (taken === jobs) resolve()
    })
  })
  const end = now()
  await worker.close()
  return { begin, end }
}

answerMessages(run)
