/** Answers of the API as components want them: asked for, waited for, asked for again. */
import { useEffect, useState } from 'preact/hooks'
import { Refusal } from '../api/client.js'

export interface Asked<T> {
  value: T | null
  /** As `value`; while another question waits for its answer, the one to the question before. */
  latest: T | null
  refusal: Refusal | null
  /** Asks at once. */
  again(): void
}

export function toRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(0, 'page', String(error))
}

/** The service does not answer, has had too much, or is not ready: it may be in a moment. */
const passes = ({ status }: Refusal) => [0, 429, 503].includes(status)
const againMilliseconds = 3_000

interface State<T> {
  answered: { what: string; value: T } | null
  refused: { what: string; refusal: Refusal } | null
}

/** Asks when `what` changes (the signal says that the answer is no longer wanted), and every so many milliseconds while the page is seen; after a refusal that passes, too. */
export function useAsked<T>(
  what: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
  everyMilliseconds?: number,
): Asked<T> {
  const [{ answered, refused }, setState] = useState<State<T>>({ answered: null, refused: null })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (what === null) return
    let over = false
    const left = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      let wait = everyMilliseconds
      try {
        const value = await ask(left.signal)
        if (!over) setState({ answered: { what, value }, refused: null })
      } catch (error) {
        const refusal = toRefusal(error)
        if (passes(refusal)) wait ??= againMilliseconds
        if (!over) setState((before) => ({ ...before, refused: { what, refusal } }))
      }
      if (wait !== undefined) later(wait)
    }
    const later = (wait: number) => {
      if (!over) timer = setTimeout(() => (document.hidden ? later(wait) : void look()), wait)
    }
    void look()
    return () => {
      over = true
      left.abort()
      clearTimeout(timer)
    }
  }, [what, round, everyMilliseconds])
  return {
    value: answered?.what === what ? answered.value : null,
    latest: answered?.value ?? null,
    refusal: refused?.what === what ? refused.refusal : null,
    again: () => setRound((count) => count + 1),
  }
}

/** The value as soon as it has not changed for so long. */
export function useRested<T>(value: T, milliseconds: number): T {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), milliseconds)
    return () => clearTimeout(timer)
  }, [value, milliseconds])
  return rested
}

interface Page<T> {
  data: T[]
  hasMore: boolean
  lastId: string | null
}

/** The newest `limit` items of a list, by as many pages as that takes. */
export async function pagesOf<T>(
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
