/** Draws the output of a network with one input, over the rows it was trained on. */
import { short } from '../format.js'
import { token } from '../theme.js'
import type { Frame } from './frame.js'
import { strokeScale } from './plane.js'
import { ticksBetween } from './ticks.js'

export interface Sample {
  x: number
  y: number
}

export function drawLine(canvas: HTMLCanvasElement, frame: Frame | null, samples: readonly Sample[]): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const { width, height } = canvas
  context.fillStyle = token('--canvas')
  context.fillRect(0, 0, width, height)
  const axis = frame?.axes[0]
  const xs = samples.map(({ x }) => x)
  const [left, right] = [axis?.min ?? Math.min(...xs), axis?.max ?? Math.max(...xs)]
  // The data determine the range of y, so that it stays fixed while the curve moves.
  const ys = samples.length > 0 ? samples.map(({ y }) => y) : [...(frame?.values ?? [0, 1])]
  const [least, greatest] = [Math.min(...ys), Math.max(...ys)]
  const margin = 0.2 * (greatest - least) || 1
  const [bottom, top] = [least - margin, greatest + margin]
  const toX = (x: number) => ((x - left) / (right - left)) * width
  const toY = (y: number) => (1 - (y - bottom) / (top - bottom)) * height
  const scale = width / (canvas.clientWidth || width)
  const stroke = strokeScale(canvas)

  context.strokeStyle = token('--line')
  context.lineWidth = scale
  context.fillStyle = token('--ink-soft')
  context.font = `${12 * scale}px ${token('--font')}`
  for (const y of ticksBetween(least, greatest)) {
    context.beginPath()
    context.moveTo(0, toY(y))
    context.lineTo(width, toY(y))
    context.stroke()
    context.fillText(short(y), 6 * scale, toY(y) - 4 * scale)
  }
  const colour = token('--class-1')
  context.fillStyle = colour
  for (const { x, y } of samples) {
    context.beginPath()
    context.arc(toX(x), toY(y), 2.6 * stroke, 0, 2 * Math.PI)
    context.fill()
  }
  if (frame === null) return
  context.strokeStyle = token('--class-2')
  context.lineWidth = 3 * stroke
  context.lineJoin = 'round'
  context.beginPath()
  for (let index = 0; index < frame.size; index++) {
    const x = toX(left + ((right - left) * index) / (frame.size - 1))
    const y = toY(frame.values[index * frame.outputs] ?? 0)
    if (index === 0) context.moveTo(x, y)
    else context.lineTo(x, y)
  }
  context.stroke()
}
