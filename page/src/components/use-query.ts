/** Hooks and helpers to load data from the API. */
import { useEffect, useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'

export interface QueryResult<T> {
  value: T | null
  /** As `value`, but keeps the result for the previous key while the current one loads. */
  latest: T | null
  error: Problem | null
  /** Loads again immediately. */
  refetch(): void
}

interface State<T> {
  success: { key: string; value: T } | null
  failure: { key: string; error: Problem } | null
}

/**
 * Loads when `key` changes, and every `pollMilliseconds` while the page is visible.
 * @param load gets a client that repeats requests until the service answers, and stops when the result is not needed
 */
export function useQuery<T>(
  key: string | null,
  load: (client: Descent) => Promise<T>,
  pollMilliseconds?: number,
): QueryResult<T> {
  const [{ success, failure }, setState] = useState<State<T>>({ success: null, failure: null })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (key === null) return
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    const fail = (error: unknown) => {
      if (!signal.aborted) setState((before) => ({ ...before, failure: { key, error: toProblem(error) } }))
    }
    const patient = client.withOptions({ signal, retries: Infinity, onRetry: fail })
    const poll = async () => {
      try {
        const value = await load(patient)
        if (!signal.aborted) setState({ success: { key, value }, failure: null })
      } catch (error) {
        fail(error)
      }
      if (pollMilliseconds !== undefined) schedule(pollMilliseconds)
    }
    const schedule = (delay: number) => {
      if (!signal.aborted) timer = setTimeout(() => (document.hidden ? schedule(delay) : void poll()), delay)
    }
    void poll()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [key, round, pollMilliseconds])
  return {
    value: success?.key === key ? success.value : null,
    latest: success?.value ?? null,
    error: failure?.key === key ? failure.error : null,
    refetch: () => setRound((count) => count + 1),
  }
}

/** The value once it has not changed for this long. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [debounced, setDebounced] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(value), milliseconds)
    return () => clearTimeout(timer)
  }, [value, milliseconds])
  return debounced
}

interface Page<T> {
  data: T[]
  hasMore: boolean
  lastId: string | null
}

/** Reads `limit` items of a list. A page with one item more shows whether there are others. */
export async function readItems<T>(
  items: AsyncIterable<T>,
  limit: number,
): Promise<Pick<Page<T>, 'data' | 'hasMore'>> {
  const data: T[] = []
  for await (const item of items) {
    if (data.length === limit) return { data, hasMore: true }
    data.push(item)
  }
  return { data, hasMore: false }
}

/** Reads pages until there are `limit` items or no more. */
export async function readPages<T>(
  read: (after: string | undefined) => Promise<Page<T>>,
  limit: number,
): Promise<Pick<Page<T>, 'data' | 'hasMore'>> {
  const data: T[] = []
  let after: string | undefined
  for (;;) {
    const page = await read(after)
    data.push(...page.data)
    if (!page.hasMore || data.length >= limit) return { data, hasMore: page.hasMore }
    after = page.lastId ?? undefined
  }
}
