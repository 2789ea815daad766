/** The replay of the boundary frames of a run. */
import { useEffect, useState } from 'preact/hooks'
import type { Boundary } from '../api/types.js'
import { prefersReducedMotion } from '../theme.js'

/** Of a frame, at the speed 1. */
const frameMilliseconds = 60

/** The position of a replay within the frames of a run. */
export interface Playhead {
  index: number
  playing: boolean
  /** Continues from a frame, or begins again after the last one. */
  play(from?: number): void
  pause(): void
  seek(index: number): void
}

/** Plays forward to the latest frame. Restarts when the run changes. */
export function usePlayhead(runId: string | null, frames: readonly Boundary[], speed = 1): Playhead {
  const [{ index, playing }, setState] = useState({ index: 0, playing: true })
  useEffect(() => setState({ index: 0, playing: true }), [runId])
  const last = Math.max(0, frames.length - 1)
  useEffect(() => {
    if (!playing || index >= last) return
    if (prefersReducedMotion()) {
      setState({ index: last, playing })
      return
    }
    // Skips frames when it is far slower than the training.
    const step = Math.max(1, Math.floor((last - index) / 60))
    const timer = setTimeout(
      () => setState({ index: Math.min(last, index + step), playing }),
      frameMilliseconds / speed,
    )
    return () => clearTimeout(timer)
  }, [index, playing, last, speed])
  return {
    index: Math.min(index, last),
    playing: playing && index < last,
    play: (from = index) => setState({ index: from >= last ? 0 : from, playing: true }),
    pause: () => setState({ index, playing: false }),
    seek: (to) => setState({ index: to, playing: false }),
  }
}
