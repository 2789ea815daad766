/** Shows the boundary frames of a run: the latest while it trains, a replay, or any frame chosen by the slider. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Boundary, Job } from '../api/types.js'
import { Icon } from '../components/icon.js'
import { plural, whole } from '../format.js'
import { prefersReducedMotion, useTheme } from '../theme.js'
import { decode, type Frame } from './frame.js'
import { drawLine, type Sample } from './line.js'
import { drawPlane, frameView, type Point, type View } from './plane.js'

const frameMilliseconds = 60
/** Width of the canvas in pixels. */
const canvasSize = 720

/** The position of a replay within the frames of a run. */
interface Playhead {
  index: number
  playing: boolean
  play(): void
  pause(): void
  seek(index: number): void
}

/** Plays forward to the latest frame. Restarts when the run changes. */
export function usePlayhead(runId: string | null, frames: readonly Boundary[]): Playhead {
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
      frameMilliseconds,
    )
    return () => clearTimeout(timer)
  }, [index, playing, last])
  return {
    index: Math.min(index, last),
    playing: playing && index < last,
    play: () => setState({ index: index >= last ? 0 : index, playing: true }),
    pause: () => setState({ index, playing: false }),
    seek: (to) => setState({ index: to, playing: false }),
  }
}

interface Props {
  frames: readonly Boundary[]
  playhead: Playhead
  job: Job | null
  points: readonly Point[]
  samples?: readonly Sample[]
  /** The range of the axes before the first frame arrives. */
  view: View
  /** One input draws a curve, two inputs draw a map. */
  inputs: number
  onPoint?: (x: number, y: number) => void
}

export function BoundaryPanel({ frames, playhead, job, points, samples = [], view, inputs, onPoint }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const message = frames[playhead.index]
  const frame = message === undefined ? null : decode(message)

  useLayoutEffect(() => {
    if (canvas.current === null) return
    if (inputs === 1) drawLine(canvas.current, frame, samples)
    else
      drawPlane(
        canvas.current,
        frame === null ? view : frameView(frame),
        frame,
        points,
        decisionThreshold(job, frame),
      )
  }, [frame, points, samples, theme, inputs, view, job?.status])

  const handleClick = (event: MouseEvent) => {
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
  const title = inputs === 1 ? 'Fitted curve' : 'Decision boundary'
  return (
    <figure class="boundary">
      <canvas
        ref={canvas}
        width={canvasSize}
        height={inputs === 1 ? canvasSize * 0.62 : canvasSize}
        class={onPoint === undefined ? '' : 'clickable'}
        role="img"
        aria-label={`${title} after ${plural(epoch, 'epoch')}, over ${plural(inputs === 1 ? samples.length : points.length, 'point')}`}
        data-epoch={message?.epoch}
        onClick={handleClick}
      />
      <div class="playhead">
        <button
          type="button"
          class="icon"
          disabled={frames.length < 2}
          aria-label={playhead.playing ? 'Pause replay' : 'Replay training'}
          onClick={playhead.playing ? playhead.pause : playhead.play}
        >
          <Icon name={playhead.playing ? 'pause' : 'play'} />
        </button>
        <input
          type="range"
          min={0}
          max={Math.max(1, frames.length - 1)}
          value={playhead.index}
          disabled={frames.length < 2}
          aria-label="Epoch of the replay"
          aria-valuetext={`after ${plural(epoch, 'epoch')}`}
          onInput={(event) => playhead.seek(Number(event.currentTarget.value))}
        />
        <output>epoch {whole(epoch)}</output>
      </div>
    </figure>
  )
}

/** The output value at which a network with one output changes its class. */
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
