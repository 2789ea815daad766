/** A sweep with everything its stream has delivered so far. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type ApiError, get } from './api/client.js'
import type { Connection } from './api/reconnecting-socket.js'
import type { Sweep, SweepSummary, Trial } from './api/types.js'
import { watchSweep } from './api/watch-sweep.js'
import { useQuery } from './components/use-query.js'
import { isUnfinished } from './sweeps/progress.js'

/** Minimum interval between renders. */
const renderMilliseconds = 100

interface WatchedSweep {
  sweep: Sweep | null
  /** By number. A new list after each change. */
  trials: readonly Trial[]
  error: ApiError | null
  /** Shows the answer to a request before the stream does. */
  replace(sweep: Sweep): void
}

interface Received {
  sweep: Sweep | null
  byNumber: Map<number, Trial>
  trials: readonly Trial[]
}

const nothing = (): Received => ({ sweep: null, byNumber: new Map(), trials: [] })

/** Watches a sweep with its trials, or without them; nothing while the id is null. */
export function useSweep(id: string | null, isSummary = false): WatchedSweep {
  // Says why, if there is no stream.
  const first = useQuery(id, () => get('/sweeps/{id}', { id: id ?? '' }))
  const [, render] = useState(0)
  const received = useRef(nothing())

  useEffect(() => {
    if (id === null) return
    const current = nothing()
    received.current = current
    let timer: ReturnType<typeof setTimeout> | undefined
    let hasNewTrials = false
    const show = () => {
      timer = undefined
      if (hasNewTrials) current.trials = [...current.byNumber.values()].sort(byTrial)
      hasNewTrials = false
      render((count) => count + 1)
    }
    const changed = () => {
      timer ??= setTimeout(show, renderMilliseconds)
    }
    const watcher = {
      sweep(sweep: Sweep) {
        current.sweep = sweep
        changed()
      },
      trials(some: Trial[]) {
        for (const trial of some) current.byNumber.set(trial.trial, trial)
        hasNewTrials = true
        changed()
      },
      connection(state: Connection) {
        if (state === 'rejected') first.refetch()
      },
    }
    const stop = watchSweep(id, watcher, isSummary)
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [id, isSummary])

  const { sweep, trials } = received.current
  return {
    sweep: sweep?.id === id ? sweep : first.value,
    trials,
    error: first.error,
    replace(next) {
      received.current.sweep = next
      render((count) => count + 1)
    },
  }
}

const byTrial = (a: Trial, b: Trial) => a.trial - b.trial

/** A sweep of a list, with its best points: watched while it is unfinished, otherwise read once. */
export function useListedSweep(summary: SweepSummary, isVisible: boolean): Sweep | null {
  const isWatched = isVisible && isUnfinished(summary)
  const { sweep } = useSweep(isWatched ? summary.id : null, true)
  const read = useQuery(isVisible && !isWatched ? summary.id : null, () =>
    get('/sweeps/{id}', { id: summary.id }),
  )
  return isWatched ? sweep : read.latest
}
