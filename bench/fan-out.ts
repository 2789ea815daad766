/**
 * The cost of streams: `npm run bench -- fan-out [--only replays] [--epochs 1000000]`. Scenarios: 1,000 sockets on one
 * job, 1,000 jobs on as many sockets or on one, replays of a long history, and readers that do not read. Starts a
 * separate service. Prints a JSON line per scenario. `readsOfEpochs` and `readsOfJobs` count scans of the tables.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { request, submit } from '../examples/client.js'
import { type Job, jobSchema } from '../src/contract/job.js'
import { Meter } from './meter.js'
import { type Processes, withProcesses } from './processes.js'
import { Follower, inParallel, latin1, read, readAll, readJob, socketAddress, summary } from './readers.js'
import { storeHistory } from './stored-history.js'

const sockets = 1_000
const replays = 50
const submitting = 20
const binary = 'descent.epochs.v1'

type JobRequest = Parameters<typeof submit>[1]

function createJob(units: number[], epochs: number): JobRequest {
  const layers = [...units, 1].map((each) => ({
    type: 'dense' as const,
    units: each,
    activation: 'sigmoid' as const,
  }))
  return { dataset: 'xor', network: { layers }, loss: 'binaryCrossentropy', epochs, seed: 1 }
}

async function finished(url: string, job: JobRequest): Promise<Job> {
  const accepted = await submit(url, job)
  await readJob(url, accepted)
  return request(`${url}${accepted.links.self}`, jobSchema)
}

const times = (count: number, job: Job) => Array.from({ length: count }, () => job)

async function replay(url: string, job: Job, readers: number, protocol?: string): Promise<object> {
  const begin = performance.now()
  const { ends } = await readAll(url, times(readers, job), protocol)
  return { readers, epochs: job.epochs, ...summary(await ends, begin) }
}

async function follow(url: string, protocol?: string): Promise<object> {
  const job = await submit(url, createJob([64, 64], 5_000))
  await request(`${url}${job.links.self}/pause`, jobSchema, {})
  const { ends } = await readAll(url, times(sockets, job), protocol)
  const begin = performance.now()
  await request(`${url}${job.links.self}/resume`, jobSchema, {})
  return { readers: sockets, epochs: job.epochs, ...summary(await ends, begin) }
}

/** Submits 1,000 jobs, and calls `accepted` for each. */
async function submitMany(url: string, accepted: (job: Job) => void): Promise<void> {
  const task = async () => accepted(await submit(url, createJob([4], 100)))
  await inParallel(
    Array.from({ length: sockets }, () => task),
    submitting,
  )
}

/** The cost of the jobs without streams. One statement polls for their end. */
async function unwatched(url: string, database: Processes['database']): Promise<object> {
  const begin = performance.now()
  const ids: string[] = []
  await submitMany(url, ({ id }) => ids.push(id))
  const query = `SELECT count(*)::int AS left FROM "Job" WHERE id = ANY($1) AND status <> 'succeeded'`
  while ((await database.query<{ left: number }>(query, [ids])).rows[0].left > 0) await sleep(100)
  return { jobs: sockets, epochs: 100, milliseconds: Math.round(performance.now() - begin) }
}

async function oneSocketEach(url: string): Promise<object> {
  const begin = performance.now()
  const ends: ReturnType<typeof readJob>[] = []
  await submitMany(url, (job) => {
    const end = readJob(url, job)
    // Promise.all reports the error.
    end.catch(() => {})
    ends.push(end)
  })
  return { jobs: sockets, epochs: 100, ...summary(await Promise.all(ends), begin) }
}

async function oneConnection(url: string, protocol?: string): Promise<object> {
  const begin = performance.now()
  const socket = new WebSocket(`${socketAddress(url)}/stream`, protocol)
  const followers = new Map<string, Follower>()
  let left = sockets
  const end = read(socket, (message, isBinary) => {
    const id = /"jobId":"(\w+)"/.exec(latin1(message, 0, 100))?.[1] ?? ''
    const follower = followers.get(id)
    if (follower === undefined) throw new Error(`a message of an unwatched job: ${message}`)
    follower.take(message, isBinary)
    if (!follower.ended) return
    follower.check()
    if (--left === 0) socket.close()
  })
  end.catch(() => {})
  await new Promise((resolve) => socket.once('open', resolve))
  await submitMany(url, (job) => {
    followers.set(job.id, new Follower(job))
    socket.send(JSON.stringify({ type: 'watch', jobs: [{ id: job.id }] }))
  })
  return { jobs: sockets, epochs: 100, ...summary([await end], begin) }
}

async function slowReaders(url: string, meter: Meter): Promise<object> {
  const readers = 50
  const job = await finished(url, createJob([4], 400_000))
  const before = meter.rss()
  const paused = Array.from({ length: readers }, () => {
    const socket = new WebSocket(`${socketAddress(url)}${job.links.stream}`)
    socket.once('open', () => socket.pause())
    return socket
  })
  await sleep(5_000)
  const bytes = ((meter.rss() - before) * 1024 * 1024) / readers
  for (const socket of paused) socket.terminate()
  return { readers, epochs: job.epochs, rssBytesPerReader: Math.round(bytes) }
}

async function scenarios({ url, database }: Processes, meter: Meter, epochs: number) {
  const isNew = (await fetch(`${url}/stream`)).status !== 404
  const short = await finished(url, createJob([4], 2_000))
  const long = async () => storeHistory(database, await finished(url, createJob([4], 10)), epochs)
  const always: Record<string, () => Promise<object>> = {
    '1,000 replays': () => replay(url, short, sockets),
    '1,000 watchers of one run': () => follow(url),
    '1,000 runs, unwatched': () => unwatched(url, database),
    '1,000 runs, a socket each': () => oneSocketEach(url),
    'long replays': async () => replay(url, await long(), replays),
    'readers that do not read': () => slowReaders(url, meter),
  }
  return isNew
    ? {
        ...always,
        '1,000 watchers of one run, binary': () => follow(url, binary),
        '1,000 runs on one connection': () => oneConnection(url),
        '1,000 runs on one connection, binary': () => oneConnection(url, binary),
        'long replays, binary': async () => replay(url, await long(), replays, binary),
      }
    : always
}

export const main = (args: string[]) =>
  withProcesses(async (processes) => {
    const { values } = parseArgs({
      args,
      options: { only: { type: 'string', default: '' }, epochs: { type: 'string', default: '500000' } },
    })
    const meter = new Meter(processes, 'fan-out')
    const all = await scenarios(processes, meter, Number(values.epochs))
    for (const [name, run] of Object.entries(all)) {
      if (name.includes(values.only)) await meter.measure(name, run)
    }
  })
