/** The plot of one boundary frame: a map over two inputs, or a curve over one. */
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Boundary, Job } from '../api/types.js'
import { plural } from '../format.js'
import { useTheme } from '../theme.js'
import { decode, type Frame } from './frame.js'
import { drawLine, type Sample } from './line.js'
import { drawPlane, frameView, type Point, type View } from './plane.js'

/** Width of the canvas in pixels. */
const canvasSize = 720

export interface BoundaryCanvasProps {
  frame: Boundary | undefined
  job: Job | null
  points: readonly Point[]
  samples?: readonly Sample[] | undefined
  /** The range of the axes before the first frame arrives. */
  view: View
  /** One input draws a curve, two inputs draw a map. */
  inputs: number
  onPoint?: ((x: number, y: number) => void) | undefined
}

export function BoundaryCanvas(props: BoundaryCanvasProps) {
  const { frame: message, job, points, samples = [], view, inputs, onPoint } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
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

  const title = inputs === 1 ? 'Fitted curve' : 'Decision boundary'
  const rows = plural(inputs === 1 ? samples.length : points.length, 'point')
  return (
    <canvas
      ref={canvas}
      width={canvasSize}
      height={inputs === 1 ? canvasSize * 0.62 : canvasSize}
      class={onPoint === undefined ? '' : 'clickable'}
      role="img"
      aria-label={`${title} after ${plural(message?.epoch ?? 0, 'epoch')}, over ${rows}`}
      data-epoch={message?.epoch}
      onClick={handleClick}
    />
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
