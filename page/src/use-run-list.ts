/** A live list of runs: read once, updated over one connection, and polled for new runs. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Descent, JobsStreamMessage, JobsWatch, StreamOptions } from '../../sdk/src/index.js'
import { client } from './api/client.js'
import type { Problem } from './api/problem.js'
import { readStream } from './api/read-stream.js'
import type { Job, JobStatus } from './api/types.js'
import { readPages, useQuery } from './components/use-query.js'

interface RunFilter {
  status?: JobStatus
  name?: string
}

interface RunList {
  /** Null until the first response. */
  jobs: readonly Job[] | null
  hasMore: boolean
  error: Problem | null
  /** Replaces a job by its current state. */
  update(job: Job): void
}

const pageSize = 100
/** The most jobs of one connection. */
const maximumWatched = 1_000
const newRunsMilliseconds = 1_500
/** Interval to read the list again, for changes that the stream does not report: filter matches, deleted runs, queue positions. */
const allMilliseconds = 60_000
const filteredMilliseconds = 10_000
/** Minimum interval between renders, since the layout of a long table is slow. */
const renderMilliseconds = 500

/** The jobs of a list by id, newest first. */
class Rows {
  jobs: Map<string, Job> | null = null
  /** The list that was read last. */
  #read: object | null = null

  /** Replaces all jobs, unless this list is already the current one. */
  replace(list: { data: Job[] } | null): void {
    if (list === null || list === this.#read) return
    this.#read = list
    this.jobs = byId(list.data)
  }

  prepend(newer: readonly Job[]): void {
    this.jobs = byId([...newer, ...(this.jobs?.values() ?? [])])
  }

  update(job: Job): void {
    const before = this.jobs?.get(job.id)
    if (before === undefined) return
    this.jobs?.set(job.id, job)
    if (before.status === 'queued' && job.status !== 'queued') this.#advanceQueue(before.queuePosition)
  }

  remove(id: string): void {
    this.jobs?.delete(id)
  }

  /** Advances the jobs after a queue position that became free. */
  #advanceQueue(freed: number | null): void {
    if (freed === null) return
    for (const [id, job] of this.jobs ?? []) {
      const { queuePosition } = job
      if (queuePosition !== null && queuePosition > freed) {
        this.jobs?.set(id, { ...job, queuePosition: queuePosition - 1 })
      }
    }
  }
}

const byId = (jobs: readonly Job[]) => new Map(jobs.map((job) => [job.id, job]))

/** The newest `limit` runs that match the filter. */
export function useRunList(filter: RunFilter, limit: number): RunList {
  const [, render] = useState(0)
  const rows = useRef(new Rows()).current
  const stream = useRef<JobsWatch | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const changed = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      render((count) => count + 1)
    }, renderMilliseconds)
  }
  const update = (job: Job) => {
    rows.update(job)
    changed()
  }

  const key = JSON.stringify([filter, limit])
  const reloadMilliseconds = filter.status === undefined ? allMilliseconds : filteredMilliseconds
  const read = (client: Descent) =>
    readPages((after) => readPage(client, filter, Math.min(pageSize, limit), after), limit)
  const list = useQuery(key, read, reloadMilliseconds)
  rows.replace(list.latest)
  useQuery(
    list.value === null ? null : key,
    async (client) => {
      const newer = await newerRuns(client, filter, rows.jobs ?? new Map(), limit)
      if (newer.length === 0) return
      rows.prepend(newer)
      changed()
    },
    newRunsMilliseconds,
  )

  useEffect(() => {
    const receive = (message: JobsStreamMessage) => {
      if (message.type === 'job' || message.type === 'end') update(message.job)
      if (message.type !== 'problem' || message.jobId === null) return
      rows.remove(message.jobId)
      changed()
    }
    const open = (options: StreamOptions) => {
      stream.current = client.jobs.watchMany([], { ...options, epochs: false, staysOpen: true })
      return stream.current
    }
    const stop = readStream(open, { message: receive, connection() {} })
    return () => {
      stop()
      clearTimeout(timer.current)
    }
  }, [])
  const jobs = [...(rows.jobs?.values() ?? [])]
  const unfinished = jobs.filter(({ finishedAt }) => finishedAt === null).map(({ id }) => id)
  useEffect(() => stream.current?.set(unfinished.slice(0, maximumWatched)), [unfinished.join()])

  const { status } = filter
  const shown = jobs.filter((job) => status === undefined || job.status === status)
  const hasMore = list.latest?.hasMore === true || shown.length > limit
  return { jobs: rows.jobs === null ? null : shown.slice(0, limit), hasMore, error: list.error, update }
}

const readPage = (client: Descent, filter: RunFilter, limit: number, after: string | undefined) =>
  client.request('GET /jobs', { query: { ...filter, epochModels: false, limit, after } })

/** Runs newer than the known ones. Requests a single run if there is none. */
async function newerRuns(
  client: Descent,
  filter: RunFilter,
  known: ReadonlyMap<string, Job>,
  maximum: number,
): Promise<Job[]> {
  const newer: Job[] = []
  let after: string | undefined
  for (let limit = 1; newer.length < maximum; limit = pageSize) {
    const page = await readPage(client, filter, limit, after)
    for (const job of page.data) {
      if (known.has(job.id)) return newer
      newer.push(job)
    }
    if (!page.hasMore) return newer
    after = page.lastId ?? undefined
  }
  return newer
}
