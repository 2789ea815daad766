/** A line for each point across vertical axes, one for each parameter and one for the score. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Axis } from '../sweeps/axes.js'
import { token, useTheme } from '../theme.js'
import { scoreColours } from './score-colour.js'

interface Line {
  /** On each axis, from 0 to 1. */
  positions: readonly number[]
  /** From the worst (0) to the best (1) score. */
  share: number
}

interface Props {
  axes: readonly Axis[]
  /** The best first. */
  lines: readonly Line[]
  /** Index of the highlighted line. */
  selected: number
  label: string
  onSelect(index: number): void
}

const height = 300
const edge = { top: 34, bottom: 16, left: 40, right: 70 }
const minAxisWidth = 120
/** Farther from a line, the pointer selects none. */
const reach = 20

export function ParallelCoordinates({ axes, lines, selected, label, onSelect }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const theme = useTheme()
  useEffect(() => {
    const { current } = canvas
    if (current === null) return
    const resize = new ResizeObserver(() => setWidth(current.clientWidth))
    resize.observe(current)
    return () => resize.disconnect()
  }, [])
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context || width === 0) return
    context.canvas.width = width * devicePixelRatio
    context.canvas.height = height * devicePixelRatio
    context.scale(devicePixelRatio, devicePixelRatio)
    draw(context, width, axes, lines, selected)
  }, [width, axes, lines, selected, theme])
  return (
    <canvas
      ref={canvas}
      class="parallel"
      style={{ minWidth: `${axes.length * minAxisWidth}px`, height: `${height}px` }}
      role="img"
      aria-label={label}
      onPointerMove={({ offsetX, offsetY }) => {
        const nearest = nearestLine(lines, axes.length, { x: offsetX, y: offsetY, width })
        if (nearest !== null) onSelect(nearest)
      }}
    />
  )
}

const across = (axis: number, axes: number, width: number) =>
  edge.left + (axis / Math.max(1, axes - 1)) * (width - edge.left - edge.right)
const up = (position: number) => height - edge.bottom - position * (height - edge.bottom - edge.top)

/** Index of the line that is vertically nearest, or null. */
function nearestLine(
  lines: readonly Line[],
  axes: number,
  { x, y, width }: { x: number; y: number; width: number },
): number | null {
  const place = ((x - edge.left) / (width - edge.left - edge.right)) * (axes - 1)
  const left = Math.min(axes - 2, Math.max(0, Math.floor(place)))
  const share = Math.min(1, Math.max(0, place - left))
  let [nearest, distance]: [number | null, number] = [null, reach]
  for (const [index, { positions }] of lines.entries()) {
    const [from, to] = [positions[left] ?? 0, positions[left + 1] ?? 0]
    const away = Math.abs(up(from + share * (to - from)) - y)
    if (away < distance) [nearest, distance] = [index, away]
  }
  return nearest
}

function draw(
  context: CanvasRenderingContext2D,
  width: number,
  axes: readonly Axis[],
  lines: readonly Line[],
  selected: number,
): void {
  context.clearRect(0, 0, width, height)
  const stroke = (line: Line) => {
    context.beginPath()
    for (const [axis, position] of line.positions.entries()) {
      context.lineTo(across(axis, axes.length, width), up(position))
    }
    context.stroke()
  }
  const colour = scoreColours()
  context.lineJoin = 'round'
  // The best lines are drawn last, so that they stay visible.
  for (const line of lines.toReversed()) {
    context.strokeStyle = colour(line.share)
    context.globalAlpha = 0.35 + 0.5 * line.share ** 2
    context.lineWidth = line.share > 0.9 ? 1.8 : 1
    stroke(line)
  }
  context.globalAlpha = 1
  for (const [index, axis] of axes.entries()) drawAxis(context, axis, across(index, axes.length, width))
  const highlighted = lines[selected]
  if (highlighted === undefined) return
  context.strokeStyle = context.fillStyle = token('--series-2')
  context.lineWidth = 2.5
  stroke(highlighted)
  for (const [axis, position] of highlighted.positions.entries()) {
    context.beginPath()
    context.arc(across(axis, axes.length, width), up(position), 4, 0, 2 * Math.PI)
    context.fill()
  }
}

function drawAxis(context: CanvasRenderingContext2D, { name, ticks }: Axis, x: number): void {
  context.strokeStyle = token('--ink-soft')
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(x, up(0))
  context.lineTo(x, up(1))
  context.stroke()
  const text = (content: string, at: number, y: number, font: string, ink: string) => {
    context.font = `${font} ${token('--font')}`
    context.lineWidth = 4
    context.strokeStyle = token('--surface')
    context.strokeText(content, at, y)
    context.fillStyle = token(ink)
    context.fillText(content, at, y)
  }
  for (const { position, text: content } of ticks) {
    context.fillStyle = token('--ink-soft')
    context.fillRect(x - 3, up(position) - 0.5, 6, 1)
    text(cut(content), x + 6, up(position) + 4, '11px', '--ink-soft')
  }
  text(cut(name), Math.max(2, x - edge.left + 2), 14, '600 12px', '--ink')
}

const maxCharacters = 18

const cut = (text: string) => (text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1)}…` : text)
