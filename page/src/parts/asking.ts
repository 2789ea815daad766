/** Answers of the API as components want them: asked for, waited for, asked for again. */
import { useEffect, useState } from 'preact/hooks'
import { Refusal } from '../api/client.js'

export interface Asked<T> {
  value: T | null
  refusal: Refusal | null
  /** Asks at once. */
  again(): void
}

export function toRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(0, 'page', String(error))
}

/** Asks when `what` changes, and every so many milliseconds while the page is seen. */
export function useAsked<T>(
  what: string | null,
  ask: () => Promise<T>,
  everyMilliseconds?: number,
): Asked<T> {
  const [state, setState] = useState<{ what: string | null; value: T | null; refusal: Refusal | null }>({
    what,
    value: null,
    refusal: null,
  })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (what === null) return
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      if (!document.hidden) {
        try {
          const value = await ask()
          if (!over) setState({ what, value, refusal: null })
        } catch (error) {
          if (!over) setState((before) => ({ ...before, what, refusal: toRefusal(error) }))
        }
      }
      if (!over && everyMilliseconds !== undefined) timer = setTimeout(look, everyMilliseconds)
    }
    void look()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [what, round, everyMilliseconds])
  const fits = state.what === what
  return {
    value: fits ? state.value : null,
    refusal: fits ? state.refusal : null,
    again: () => setRound((count) => count + 1),
  }
}
