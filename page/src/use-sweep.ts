/** A sweep that is read again while it runs, and its trials. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type ApiError, get } from './api/client.js'
import type { Sweep, Trial } from './api/types.js'
import { type QueryResult, readPages, useQuery } from './components/use-query.js'

const pageSize = 1_000
const pollMilliseconds: Partial<Record<Sweep['status'], number>> = { running: 1_000, paused: 5_000 }
const trialsMilliseconds = 2_000

/**
 * Polls while the sweep is unfinished.
 * @param initial the status that is known before the first answer
 */
export function useSweep(id: string | null, initial: Sweep['status'] = 'running'): QueryResult<Sweep> {
  const [status, setStatus] = useState(initial)
  const query = useQuery(id, () => get('/sweeps/{id}', { id: id ?? '' }), pollMilliseconds[status])
  useEffect(() => {
    if (query.value !== null) setStatus(query.value.status)
  }, [query.value?.status])
  return query
}

/** Reads trials when the counts of the sweep change, but at most every two seconds. */
export function useTrials(sweep: Sweep): { trials: readonly Trial[] | null; error: ApiError | null } {
  const cache = useRef(new TrialCache(sweep.id)).current
  const counts = useThrottled(JSON.stringify([sweep.status, sweep.created, sweep.counts]), trialsMilliseconds)
  const { latest, error } = useQuery(`${sweep.id} ${counts}`, () => cache.read())
  return { trials: latest, error }
}

const ended: readonly string[] = ['succeeded', 'failed', 'cancelled']

/** Keeps trials that have ended, since they do not change any more. */
class TrialCache {
  readonly #trials = new Map<number, Trial>()
  /** Reads follow one another, so that an earlier answer does not replace a later one. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(private readonly id: string) {}

  read(): Promise<readonly Trial[]> {
    const read = this.#last.catch(() => undefined).then(() => this.#readUnfinished())
    this.#last = read
    return read
  }

  async #readUnfinished(): Promise<readonly Trial[]> {
    const known = [...this.#trials.values()]
    const first = known.find(({ status }) => !ended.includes(status))?.trial
    const start = first === undefined ? known.at(-1)?.trial : first - 1
    const query = (after: string | undefined) => ({ limit: pageSize, after: after ?? start })
    const { data } = await readPages(
      (after) => get('/sweeps/{id}/trials', { id: this.id, query: query(after) }),
      Number.POSITIVE_INFINITY,
    )
    for (const trial of data) this.#trials.set(trial.trial, trial)
    return [...this.#trials.values()]
  }
}

/** The value, changed at most once in this time. */
function useThrottled<T>(value: T, milliseconds: number): T {
  const [shown, setShown] = useState(value)
  const latest = useRef(value)
  latest.current = value
  const changedAt = useRef(0)
  useEffect(() => {
    const wait = Math.max(0, changedAt.current + milliseconds - Date.now())
    const timer = setTimeout(() => {
      changedAt.current = Date.now()
      setShown(latest.current)
    }, wait)
    return () => clearTimeout(timer)
  }, [value])
  return shown
}
