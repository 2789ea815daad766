/** A sweep with everything its stream has delivered so far. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { client } from './api/client.js'
import type { Problem } from './api/problem.js'
import { type Connection, readStream } from './api/read-stream.js'
import type { Sweep, SweepMessage, SweepSummary, Trial } from './api/types.js'
import { useQuery } from './components/use-query.js'
import { isUnfinished } from './sweeps/progress.js'

/** Minimum interval between renders. */
const renderMilliseconds = 100

interface WatchedSweep {
  sweep: Sweep | null
  /** By number. A new list after each change. */
  trials: readonly Trial[]
  error: Problem | null
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
  const first = useQuery(id, (client) => client.request('GET /sweeps/{id}', { path: { id: id ?? '' } }))
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
    const reader = {
      message(message: SweepMessage) {
        if (message.type === 'trials') {
          for (const trial of message.trials) current.byNumber.set(trial.trial, trial)
          hasNewTrials = true
        } else {
          current.sweep = message.sweep
        }
        changed()
      },
      connection(state: Connection) {
        if (state === 'rejected') first.refetch()
      },
    }
    const stop = readStream((options) => client.sweeps.watch(id, { ...options, trials: !isSummary }), reader)
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
  const read = useQuery(isVisible && !isWatched ? summary.id : null, (client) =>
    client.request('GET /sweeps/{id}', { path: { id: summary.id } }),
  )
  return isWatched ? sweep : read.latest
}
