/** A list of runs that stays as it is now: read once, then followed on one connection; new runs are asked for. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { get, type ApiError } from './api/client.js'
import { type JobsStream, watchJobs } from './api/watch-jobs.js'
import type { Job, JobStatus } from './api/types.js'
import { readPages, useQuery } from './components/use-query.js'

export interface RunFilter {
  status?: JobStatus
  name?: string
}

export interface RunList {
  /** Null until the first answer. */
  jobs: readonly Job[] | null
  hasMore: boolean
  error: ApiError | null
  /** Takes over what a job is now. */
  update(job: Job): void
}

const pageSize = 100
const newestMilliseconds = 1_500
/** What nobody tells of is found out so often: runs of others that came under the filter or were deleted, places in the line. */
const allMilliseconds = 60_000
const filteredMilliseconds = 10_000
/** Between two drawings: laying out a long table takes a while. */
const drawMilliseconds = 500

/** The jobs of a list by id, newest first. */
class Rows {
  jobs: Map<string, Job> | null = null
  /** What the list was when it was last read. */
  #read: object | null = null

  /** A list that was read takes the place of what was known. */
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
    if (before.status === 'queued' && job.status !== 'queued') this.#moveUp(before.queuePosition)
  }

  remove(gone: string): void {
    this.jobs?.delete(gone)
  }

  /** The job at that place of the line has left it. */
  #moveUp(left: number | null): void {
    if (left === null) return
    for (const [id, job] of this.jobs ?? []) {
      const { queuePosition } = job
      if (queuePosition !== null && queuePosition > left) {
        this.jobs?.set(id, { ...job, queuePosition: queuePosition - 1 })
      }
    }
  }
}

const byId = (jobs: readonly Job[]) => new Map(jobs.map((job) => [job.id, job]))

/** The newest `limit` runs that fit. */
export function useRunList(filter: RunFilter, limit: number): RunList {
  const [, draw] = useState(0)
  const rows = useRef(new Rows()).current
  const stream = useRef<JobsStream | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const changed = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      draw((count) => count + 1)
    }, drawMilliseconds)
  }
  const update = (job: Job) => {
    rows.update(job)
    changed()
  }

  const what = JSON.stringify([filter, limit])
  const every = filter.status === undefined ? allMilliseconds : filteredMilliseconds
  const read = (after: string | undefined) =>
    get('/jobs', { query: { ...filter, limit: Math.min(pageSize, limit), after } })
  const list = useQuery(what, () => readPages(read, limit), every)
  rows.replace(list.latest)
  useQuery(
    list.value === null ? null : what,
    async () => {
      const newer = await newerRuns(filter, rows.jobs ?? new Map(), limit)
      if (newer.length === 0) return
      rows.prepend(newer)
      changed()
    },
    newestMilliseconds,
  )

  useEffect(() => {
    const opened = watchJobs({
      job: update,
      gone(id) {
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
  return { jobs: rows.jobs === null ? null : shown.slice(0, limit), hasMore, refusal: list.error, update }
}

/** Those that came since; asks about one run where none did. */
async function newerRuns(filter: RunFilter, known: ReadonlyMap<string, Job>, most: number): Promise<Job[]> {
  const newer: Job[] = []
  let after: string | undefined
  for (let limit = 1; newer.length < most; limit = pageSize) {
    const page = await get('/jobs', { query: { ...filter, limit, after } })
    for (const job of page.data) {
      if (known.has(job.id)) return newer
      newer.push(job)
    }
    if (!page.hasMore) return newer
    after = page.lastId ?? undefined
  }
  return newer
}
