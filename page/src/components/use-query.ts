/** Hooks and helpers to load data from the API. */
import { useEffect, useState } from 'preact/hooks'
import { ApiError } from '../api/client.js'

export interface QueryResult<T> {
  value: T | null
  /** As `value`, but keeps the result for the previous key while the current one loads. */
  latest: T | null
  error: ApiError | null
  /** Loads again immediately. */
  refetch(): void
}

export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'page', String(error))
}

/** The service is unreachable, limits the rate, or is not ready: a retry may succeed. */
const isTransient = ({ status }: ApiError) => [0, 429, 503].includes(status)
const retryMilliseconds = 3_000

interface State<T> {
  success: { key: string; value: T } | null
  failure: { key: string; error: ApiError } | null
}

/**
 * Loads when `key` changes, and every `pollMilliseconds` while the page is visible. Retries transient errors.
 * The signal aborts when the result is no longer needed.
 */
export function useQuery<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  pollMilliseconds?: number,
): QueryResult<T> {
  const [{ success, failure }, setState] = useState<State<T>>({ success: null, failure: null })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (key === null) return
    let isCancelled = false
    const controller = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const poll = async () => {
      let delay = pollMilliseconds
      try {
        const value = await load(controller.signal)
        if (!isCancelled) setState({ success: { key, value }, failure: null })
      } catch (caught) {
        const error = toApiError(caught)
        if (isTransient(error)) delay ??= retryMilliseconds
        if (!isCancelled) setState((before) => ({ ...before, failure: { key, error } }))
      }
      if (delay !== undefined) schedule(delay)
    }
    const schedule = (delay: number) => {
      if (!isCancelled) timer = setTimeout(() => (document.hidden ? schedule(delay) : void poll()), delay)
    }
    void poll()
    return () => {
      isCancelled = true
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
