/** A live list of runs: read once, updated over one connection, and polled for new runs. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type ApiError, get } from './api/client.js'
import type { Job, JobStatus } from './api/types.js'
import { type JobsStream, watchJobs } from './api/watch-jobs.js'
import { readPages, useQuery } from './components/use-query.js'

interface RunFilter {
  status?: JobStatus
  name?: string
}

interface RunList {
  /** Null until the first response. */
  jobs: readonly Job[] | null
  hasMore: boolean
  error: ApiError | null
  /** Replaces a job by its current state. */
  update(job: Job): void
}

const pageSize = 100
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
  const stream = useRef<JobsStream | null>(null)
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
  const read = (after: string | undefined) =>
    get('/jobs', { query: { ...filter, epochModels: 'false', limit: Math.min(pageSize, limit), after } })
  const list = useQuery(key, () => readPages(read, limit), reloadMilliseconds)
  rows.replace(list.latest)
  useQuery(
    list.value === null ? null : key,
    async () => {
      const newer = await newerRuns(filter, rows.jobs ?? new Map(), limit)
      if (newer.length === 0) return
      rows.prepend(newer)
      changed()
    },
    newRunsMilliseconds,
  )

  useEffect(() => {
    const opened = watchJobs({
      job: update,
      deleted(id) {
        rows.remove(id)
        changed()
      },
    })
    stream.current = opened
    return () => {
      opened.close()
      clearTimeout(timer.current)
    }
  }, [])
  const jobs = [...(rows.jobs?.values() ?? [])]
  const unfinished = jobs.filter(({ finishedAt }) => finishedAt === null).map(({ id }) => id)
  useEffect(() => stream.current?.watch(unfinished), [unfinished.join()])

  const { status } = filter
  const shown = jobs.filter((job) => status === undefined || job.status === status)
  const hasMore = list.latest?.hasMore === true || shown.length > limit
  return { jobs: rows.jobs === null ? null : shown.slice(0, limit), hasMore, error: list.error, update }
}

/** Runs newer than the known ones. Requests a single run if there is none. */
async function newerRuns(
  filter: RunFilter,
  known: ReadonlyMap<string, Job>,
  maximum: number,
): Promise<Job[]> {
  const newer: Job[] = []
  let after: string | undefined
  for (let limit = 1; newer.length < maximum; limit = pageSize) {
    const page = await get('/jobs', { query: { ...filter, epochModels: 'false', limit, after } })
    for (const job of page.data) {
      if (known.has(job.id)) return newer
      newer.push(job)
    }
    if (!page.hasMore) return newer
    after = page.lastId ?? undefined
  }
  return newer
}
