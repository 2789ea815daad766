/** The epoch that the playground shows: the replay of the stored epochs, or any epoch, which the service recomputes. */
import { useEffect, useState } from 'preact/hooks'
import type { Problem } from '../api/problem.js'
import type { Boundary } from '../api/types.js'
import { useDebounced } from '../components/use-query.js'
import { usePlayhead } from '../draw/use-playhead.js'
import { useEpochModel } from '../use-epoch-model.js'
import { type Run, useRun } from '../use-run.js'

/** Points of a frame along each axis. */
export const framePoints = 64
/** Steps in quick succession recompute only the last epoch. */
const settleMilliseconds = 120

interface Time {
  /** Undefined before the first frame. */
  frame: Boundary | undefined
  /** The epoch that is chosen or shown. */
  epoch: number
  last: number
  /** Whether the frame is of that epoch, and not of the nearest stored one before. */
  isExact: boolean
  playing: boolean
  problem: Problem | null
  play(): void
  pause(): void
  choose(epoch: number): void
}

/** @param first the epoch at which the replay of a new run stops; null to play to its end */
export function useTime(jobId: string | null, run: Run, speed: number, first: number | null): Time {
  const { frames } = run
  const playhead = usePlayhead(jobId, frames, speed)
  const [chosen, setChosen] = useState<number | null>(first)
  useEffect(() => setChosen(first), [jobId])
  const last = run.job?.epoch ?? 0
  const isStored = chosen === null || frames.some(({ epoch }) => epoch === chosen)
  const isAhead = chosen !== null && chosen > last
  const wanted = useDebounced(isStored || isAhead ? null : chosen, settleMilliseconds)
  const found = useEpochModel(jobId ?? '', wanted === chosen ? wanted : null)
  const exact = useRun(found.value?.job.id ?? null, framePoints)
  const frame =
    chosen === null
      ? frames[playhead.index]
      : (exact.frames.find(({ epoch }) => epoch === chosen) ??
        frames.findLast(({ epoch }) => epoch <= chosen))
  return {
    frame,
    epoch: chosen ?? frame?.epoch ?? 0,
    last,
    isExact: chosen === null || frame?.epoch === chosen,
    playing: chosen === null && playhead.playing,
    problem: found.error,
    play() {
      const from = frames.findLastIndex(({ epoch }) => epoch <= (chosen ?? 0))
      setChosen(null)
      playhead.play(chosen === null ? undefined : Math.max(0, from))
    },
    pause() {
      playhead.pause()
      setChosen(frame?.epoch ?? null)
    },
    choose(epoch) {
      playhead.pause()
      setChosen(Math.max(0, Math.min(epoch, Math.max(last, 1))))
    },
  }
}
