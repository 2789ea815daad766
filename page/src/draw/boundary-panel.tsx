/** The frames of a run: the newest while it trains, played through when it was faster than an eye, or any by the slider. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Boundary, Job } from '../api/types.js'
import { plural, whole } from '../format.js'
import { Icon } from '../components/icon.js'
import { prefersReducedMotion, useTheme } from '../theme.js'
import { decode, type Frame } from './frame.js'
import { drawLine, type Sample } from './line.js'
import { drawPlane, type Point, type View, frameView } from './plane.js'

const frameMilliseconds = 60
/** Of each side of the canvas. */
const pixels = 720

/** A run's playhead: which of its frames is looked at. */
export interface Playhead {
  place: number
  playing: boolean
  play(): void
  pause(): void
  seek(place: number): void
}

/** Plays forward to the newest frame, and again from the start for another run. */
export function usePlayhead(runId: string | null, frames: readonly Boundary[]): Playhead {
  const [{ place, playing }, setState] = useState({ place: 0, playing: true })
  useEffect(() => setState({ place: 0, playing: true }), [runId])
  const last = Math.max(0, frames.length - 1)
  useEffect(() => {
    if (!playing || place >= last) return
    if (prefersReducedMotion()) {
      setState({ place: last, playing })
      return
    }
    // Far behind a training that goes on, it hurries.
    const step = Math.max(1, Math.floor((last - place) / 60))
    const timer = setTimeout(
      () => setState({ place: Math.min(last, place + step), playing }),
      frameMilliseconds,
    )
    return () => clearTimeout(timer)
  }, [place, playing, last])
  return {
    place: Math.min(place, last),
    playing: playing && place < last,
    play: () => setState({ place: place >= last ? 0 : place, playing: true }),
    pause: () => setState({ place, playing: false }),
    seek: (to) => setState({ place: to, playing: false }),
  }
}

interface Props {
  frames: readonly Boundary[]
  playhead: Playhead
  job: Job | null
  points: readonly Point[]
  samples?: readonly Sample[]
  /** What is seen before the first frame comes. */
  view: View
  /** One input, a curve; two inputs, a map. */
  inputs: number
  onPoint?: (x: number, y: number) => void
}

export function BoundaryPanel({ frames, playhead, job, points, samples = [], view, inputs, onPoint }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const message = frames[playhead.place]
  const frame = message === undefined ? null : decode(message)

  useLayoutEffect(() => {
    if (canvas.current === null) return
    if (inputs === 1) drawLine(canvas.current, frame, samples)
    else
      drawPlane(canvas.current, frame === null ? view : frameView(frame), frame, points, decisionThreshold(job, frame))
  }, [frame, points, samples, theme, inputs, view, job?.status])

  const click = (event: MouseEvent) => {
    const element = canvas.current
    if (element === null || onPoint === undefined) return
    const { left, right, bottom, top } = frame === null ? view : frameView(frame)
    const box = element.getBoundingClientRect()
    onPoint(
      left + ((event.clientX - box.left) / box.width) * (right - left),
      top - ((event.clientY - box.top) / box.height) * (top - bottom),
    )
  }

  const epoch = message?.epoch ?? 0
  const what = inputs === 1 ? 'Fitted curve' : 'Decision boundary'
  return (
    <figure class="boundary">
      <canvas
        ref={canvas}
        width={pixels}
        height={inputs === 1 ? pixels * 0.62 : pixels}
        class={onPoint === undefined ? '' : 'clickable'}
        role="img"
        aria-label={`${what} after ${plural(epoch, 'epoch')}, over ${plural(inputs === 1 ? samples.length : points.length, 'point')}`}
        data-epoch={message?.epoch}
        onClick={click}
      />
      <div class="playhead">
        <button
          type="button"
          class="icon"
          disabled={frames.length < 2}
          aria-label={playhead.playing ? 'Pause the replay' : 'Play from the start'}
          onClick={playhead.playing ? playhead.pause : playhead.play}
        >
          <Icon name={playhead.playing ? 'pause' : 'play'} />
        </button>
        <input
          type="range"
          min={0}
          max={Math.max(1, frames.length - 1)}
          value={playhead.place}
          disabled={frames.length < 2}
          aria-label="Moment of the training"
          aria-valuetext={`after ${plural(epoch, 'epoch')}`}
          onInput={(event) => playhead.seek(Number(event.currentTarget.value))}
        />
        <output>epoch {whole(epoch)}</output>
      </div>
    </figure>
  )
}

/** Where a single output changes sides. */
function decisionThreshold(job: Job | null, frame: Frame | null): number {
  switch (job?.spec.loss) {
    case 'hinge':
      return 0
    case 'binaryCrossentropy':
    case 'perceptron':
    case undefined:
      return 0.5
    default: {
      const last = job?.spec.network.layers.at(-1)
      if (last !== undefined && 'activation' in last && last.activation === 'sigmoid') return 0.5
      const [low = 0, high = 1] = frame?.range ?? []
      return (low + high) / 2
    }
  }
}
