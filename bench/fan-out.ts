/**
 * What watching costs: 1,000 sockets on one job, 1,000 jobs with one socket each, and readers that do not read.
 * Starts a PostgreSQL, an API process and a worker process of its own. Prints one JSON line a scenario; `readsOfEpochs`
 * and `readsOfJobs` are the scans of the two tables (some of the latter are the worker's own), `rss` is the API process's.
 */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { WebSocket } from 'ws'
import { request, submit } from '../examples/client.js'
import { type Job, jobSchema } from '../src/contract/job.js'
import type { StreamMessage } from '../src/contract/stream.js'
import { withProcesses } from './processes.js'

const sockets = 1_000
/** Connections that are being opened at the same time. */
const opening = 100
/** PostgreSQL tells its counters after a second. */
const counterMilliseconds = 1_500

type JobRequest = Parameters<typeof submit>[1]

function jobOf(units: number[], epochs: number): JobRequest {
  const layers = [...units, 1].map((each) => ({
    type: 'dense' as const,
    units: each,
    activation: 'sigmoid' as const,
  }))
  return { dataset: 'xor', network: { layers }, loss: 'binaryCrossentropy', epochs, seed: 1 }
}

/** Resolves with the moment when the reader has every epoch and the end. @throws Error when anything is missing. */
async function watch(url: string, job: Job, opened = () => {}): Promise<number> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${job.links.stream}`)
  let last = 0
  let ended = false
  socket.on('message', (data) => {
    // Not by its schema: checking five million epochs would take longer than sending them.
    const message: StreamMessage = JSON.parse(String(data))
    if (message.type === 'job') opened()
    if (message.type === 'end') ended = true
    if (message.type !== 'epochs') return
    for (const { epoch } of message.epochs) {
      if (epoch !== ++last) throw new Error(`epoch ${epoch} came where ${last} was due`)
    }
  })
  await once(socket, 'close')
  if (!ended || last !== job.epochs) throw new Error(`a reader of ${job.id} got ${last} epochs`)
  return performance.now()
}

/** Does the tasks, so many at a time. */
async function inParallel<T>(tasks: (() => Promise<T>)[], width: number): Promise<T[]> {
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

/** Opens the sockets some at a time; resolves when each was told of its job. */
async function watchAll(url: string, jobs: Job[]): Promise<{ ends: Promise<number[]> }> {
  const ends: Promise<number>[] = []
  const open = (job: Job) => () =>
    new Promise<void>((resolve, reject) => {
      const end = watch(url, job, resolve)
      end.catch(reject)
      ends.push(end)
    })
  await inParallel(jobs.map(open), opening)
  return { ends: Promise.all(ends) }
}

class Bench {
  constructor(
    readonly url: string,
    private readonly database: pg.Client,
    private readonly api: ChildProcess,
  ) {}

  rss(): number {
    const kibibytes = execFileSync('ps', ['-o', 'rss=', '-p', String(this.api.pid)], { encoding: 'utf8' })
    return Math.round(Number(kibibytes) / 1024)
  }

  private async scans(table: string): Promise<number> {
    await sleep(counterMilliseconds)
    const { rows } = await this.database.query<{ scans: number }>(
      'SELECT (seq_scan + idx_scan)::int AS scans FROM pg_stat_user_tables WHERE relname = $1',
      [table],
    )
    return rows[0].scans
  }

  async measure(scenario: string, run: () => Promise<object>): Promise<void> {
    const [jobs, epochs] = [await this.scans('Job'), await this.scans('EpochBatch')]
    const before = this.rss()
    const figures = await run()
    const after = this.rss()
    console.log(
      JSON.stringify({
        benchmark: 'fan-out',
        scenario,
        ...figures,
        readsOfEpochs: (await this.scans('EpochBatch')) - epochs,
        readsOfJobs: (await this.scans('Job')) - jobs,
        rssMebibytes: { before, after },
        load: loadavg()[0],
      }),
    )
  }

  async finished(job: JobRequest): Promise<Job> {
    const accepted = await submit(this.url, job)
    await watch(this.url, accepted)
    return request(`${this.url}${accepted.links.self}`, jobSchema)
  }
}

async function replay(bench: Bench): Promise<object> {
  const job = await bench.finished(jobOf([4], 2_000))
  const begin = performance.now()
  const { ends } = await watchAll(
    bench.url,
    Array.from({ length: sockets }, () => job),
  )
  const last = Math.max(...(await ends))
  return { sockets, epochs: job.epochs, millisecondsUntilLastHasAll: Math.round(last - begin) }
}

async function follow(bench: Bench): Promise<object> {
  const { url } = bench
  const job = await submit(url, jobOf([64, 64], 5_000))
  await request(`${url}${job.links.self}/pause`, jobSchema, {})
  const { ends } = await watchAll(
    url,
    Array.from({ length: sockets }, () => job),
  )
  const begin = performance.now()
  await request(`${url}${job.links.self}/resume`, jobSchema, {})
  const moments = await ends
  const [first, last] = [Math.min(...moments), Math.max(...moments)]
  return {
    sockets,
    epochs: job.epochs,
    millisecondsFromResume: Math.round(last - begin),
    millisecondsFromFirstToLast: Math.round(last - first),
  }
}

async function manyJobs(bench: Bench): Promise<object> {
  const begin = performance.now()
  const ends: Promise<number>[] = []
  const tasks = Array.from({ length: sockets }, () => async () => {
    ends.push(watch(bench.url, await submit(bench.url, jobOf([4], 100))))
  })
  await inParallel(tasks, 20)
  const submitted = performance.now()
  const last = Math.max(...(await Promise.all(ends)))
  return {
    jobs: sockets,
    epochs: 100,
    millisecondsUntilLastIsSubmitted: Math.round(submitted - begin),
    millisecondsUntilLastHasAll: Math.round(last - begin),
  }
}

async function slowReaders(bench: Bench): Promise<object> {
  const readers = 50
  const job = await bench.finished(jobOf([4], 400_000))
  const before = bench.rss()
  const paused = Array.from({ length: readers }, () => {
    const socket = new WebSocket(`${bench.url.replace(/^http/, 'ws')}${job.links.stream}`)
    socket.once('open', () => socket.pause())
    return socket
  })
  await sleep(5_000)
  const bytes = ((bench.rss() - before) * 1024 * 1024) / readers
  for (const socket of paused) socket.terminate()
  return { readers, epochs: job.epochs, rssBytesPerReader: Math.round(bytes) }
}

export const main = () =>
  withProcesses(async ({ url, api, database }) => {
    const bench = new Bench(url, database, api)
    await bench.finished(jobOf([4], 1_000))
    await bench.measure('1,000 sockets replay a finished job', () => replay(bench))
    await bench.measure('1,000 sockets follow a running job', () => follow(bench))
    await bench.measure('1,000 jobs with one socket each', () => manyJobs(bench))
    await bench.measure('readers that do not read', () => slowReaders(bench))
  })
