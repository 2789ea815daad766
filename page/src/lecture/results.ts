/** Runs of demonstrations. They go on, and their results stay, when the reader leaves the view. */
import { useEffect, useState } from 'preact/hooks'
import {
  type AnyDemonstration,
  catalogue,
  type DemonstrationId,
} from '../../../examples/lecture/catalogue.js'
import type { Settings, Shown } from '../../../examples/lecture/demonstration.js'
import { onKeyChange } from '../api/key.js'
import { type Problem, toProblem } from '../api/problem.js'
import { type Progress, pageLaboratory } from './laboratory.js'
import { specOf } from './spec.js'

/** Seeds of each training on the page. */
export const seeds = [1, 2, 3, 4, 5]

export interface Result extends Shown {
  settings: Settings
  holds: boolean
  /** What was trained, for exported figures. */
  spec: object
}

interface Run {
  progress: Progress | null
  result: Result | null
  problem: Problem | null
  abort: AbortController | null
}

const idle: Run = { progress: null, result: null, problem: null, abort: null }
const storageKey = (id: DemonstrationId) => `descent-lecture-${id}`
const runs = new Map<DemonstrationId, Run>()
const listeners = new Set<() => void>()

/** Another key may see other data. */
onKeyChange(() => {
  for (const id of runs.keys()) sessionStorage.removeItem(storageKey(id))
  runs.clear()
})

function current(id: DemonstrationId): Run {
  const known = runs.get(id)
  if (known !== undefined) return known
  const run = { ...idle, result: stored(id) }
  runs.set(id, run)
  return run
}

/** The result before a reload of the page, if it is complete. */
function stored(id: DemonstrationId): Result | null {
  const text = sessionStorage.getItem(storageKey(id))
  return text === null ? null : (JSON.parse(text) as Result)
}

function store(id: DemonstrationId, result: Result): void {
  try {
    sessionStorage.setItem(storageKey(id), JSON.stringify(result))
  } catch {
    // A full storage only means that a reload forgets this result.
    sessionStorage.removeItem(storageKey(id))
  }
}

function update(id: DemonstrationId, change: Partial<Run>): void {
  runs.set(id, { ...current(id), ...change })
  for (const notify of listeners) notify()
}

export function useRun(id: DemonstrationId): Run {
  const [run, setRun] = useState(() => current(id))
  useEffect(() => {
    const read = () => setRun(current(id))
    listeners.add(read)
    read()
    return () => void listeners.delete(read)
  }, [id])
  return run
}

/** @param reuse shows the stored runs of equal jobs without training again */
export async function startRun(id: DemonstrationId, settings: Settings, reuse: boolean): Promise<void> {
  current(id).abort?.abort()
  const abort = new AbortController()
  const report = (progress: Progress) => {
    if (!abort.signal.aborted) update(id, { progress })
  }
  update(id, { abort, problem: null, progress: { requested: 0, ended: 0, latest: null } })
  const demonstration = catalogue[id] as AnyDemonstration
  try {
    const laboratory = pageLaboratory({ reuse, report, signal: abort.signal })
    const figures = await demonstration.measure(laboratory, settings, seeds)
    if (abort.signal.aborted) return
    const result: Result = {
      ...demonstration.show(figures),
      settings,
      holds: demonstration.holds(figures),
      spec: specOf(id, settings, laboratory.jobs),
    }
    store(id, result)
    update(id, { result })
  } catch (error) {
    if (abort.signal.aborted) return
    update(id, { problem: toProblem(error) })
  }
  update(id, { abort: null, progress: null })
}

export function stopRun(id: DemonstrationId): void {
  current(id).abort?.abort()
  update(id, { abort: null, progress: null })
}
