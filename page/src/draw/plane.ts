/** Draws the output of a network over two inputs: the predicted classes, their boundary, and the rows. */

import { token } from '../theme.js'
import { classColour, colourFromToken } from './colours.js'
import { contour } from './contours.js'
import type { Frame } from './frame.js'
import { drawGrid } from './grid-image.js'

export interface Point {
  x: number
  y: number
  /** Index of its class. */
  classIndex: number
  /** Whether the training does not use it. It is drawn hollow. */
  isHeldOut?: boolean
}

export interface View {
  left: number
  right: number
  bottom: number
  top: number
}

export function frameView({ axes }: Pick<Frame, 'axes'>): View {
  const [x, y] = axes
  return { left: x?.min ?? 0, right: x?.max ?? 1, bottom: y?.min ?? 0, top: y?.max ?? 1 }
}

/** @param threshold lowest value of a single output that predicts the second class */
export function drawPlane(
  canvas: HTMLCanvasElement,
  view: View,
  frame: Frame | null,
  points: readonly Point[],
  threshold: number,
): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const { width, height } = canvas
  const stroke = strokeScale(canvas)
  context.fillStyle = token('--canvas')
  context.fillRect(0, 0, width, height)
  if (frame !== null && frame.axes.length === 2) {
    context.imageSmoothingEnabled = true
    context.imageSmoothingQuality = 'high'
    // The outermost grid points are on the edge of the canvas, so their cells extend half a cell beyond it.
    const { size } = frame
    const [cellX, cellY] = [width / (size - 1), height / (size - 1)]
    context.drawImage(renderClasses(frame, threshold), -cellX / 2, -cellY / 2, width + cellX, height + cellY)
    context.strokeStyle = token('--boundary')
    context.lineWidth = 2 * stroke
    for (const field of marginFields(frame, threshold)) strokeZero(context, field, size, width, height)
  }
  const radius = stroke * (points.length > 60 ? 5 : 9)
  for (const point of points) drawPoint(context, view, point, radius)
}

/** Scale of stroke widths, in pixels of the canvas. Small plots get thinner strokes, down to a visible minimum. */
export function strokeScale({ width, clientWidth }: HTMLCanvasElement): number {
  const shownWidth = clientWidth || width
  return (width / shownWidth) * Math.min(1, Math.max(0.4, shownWidth / 480))
}

function drawPoint(
  context: CanvasRenderingContext2D,
  view: View,
  { x, y, classIndex, isHeldOut = false }: Point,
  radius: number,
): void {
  const { width, height } = context.canvas
  const at = {
    x: ((x - view.left) / (view.right - view.left)) * width,
    y: (1 - (y - view.bottom) / (view.top - view.bottom)) * height,
  }
  const colour = `rgb(${classColour(classIndex).join(' ')})`
  context.fillStyle = isHeldOut ? token('--point-edge') : colour
  context.strokeStyle = isHeldOut ? colour : token('--point-edge')
  context.lineWidth = Math.max(1, radius / (isHeldOut ? 2 : 4))
  context.beginPath()
  // Classes differ in shape too, for readers who cannot distinguish the colours.
  if (classIndex % 3 === 0) context.arc(at.x, at.y, radius, 0, 2 * Math.PI)
  else if (classIndex % 3 === 1)
    context.rect(at.x - 0.87 * radius, at.y - 0.87 * radius, 1.74 * radius, 1.74 * radius)
  else {
    context.moveTo(at.x, at.y - 1.2 * radius)
    context.lineTo(at.x + 1.1 * radius, at.y + 0.8 * radius)
    context.lineTo(at.x - 1.1 * radius, at.y + 0.8 * radius)
    context.closePath()
  }
  context.fill()
  context.stroke()
}

/** An image with one pixel per grid point. The second axis points up. */
function renderClasses(frame: Frame, threshold: number): HTMLCanvasElement {
  const { size, outputs, values } = frame
  const small = document.createElement('canvas')
  small.width = small.height = size
  const context = small.getContext('2d')
  if (context === null) return small
  const colours = Array.from({ length: Math.max(2, outputs) }, (_, classIndex) => classColour(classIndex))
  const paper = colourFromToken('--canvas')
  drawGrid(context, size, (point, mix) => {
    const { classIndex, confidence } =
      outputs === 1
        ? binaryPrediction(values[point] ?? 0, threshold)
        : argmaxPrediction(values.subarray(point * outputs, (point + 1) * outputs))
    mix(paper, colours[classIndex] ?? paper, 0.12 + 0.5 * confidence)
  })
  return small
}

function binaryPrediction(value: number, threshold: number) {
  // The output of a network with hinge loss is unbounded. From 1 on it counts as certain.
  const confidence = Math.min(1, Math.abs(value - threshold) * (threshold === 0 ? 1 : 2))
  return { classIndex: value >= threshold ? 1 : 0, confidence }
}

function argmaxPrediction(values: Float32Array) {
  let [classIndex, second] = [0, Number.NEGATIVE_INFINITY]
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? 0) > (values[classIndex] ?? 0)) classIndex = index
  }
  values.forEach((value, index) => {
    if (index !== classIndex) second = Math.max(second, value)
  })
  return { classIndex, confidence: Math.min(1, Math.max(0, (values[classIndex] ?? 0) - second)) }
}

/** For each class, its margin over the other classes at every grid point. Zero on the boundary. */
function marginFields({ size, outputs, values }: Frame, threshold: number): Float32Array[] {
  if (outputs === 1) {
    // The boundary is interpolated linearly between grid points. Logits are closer to linear than probabilities.
    const isProbability = threshold === 0.5 && values.every((value) => value >= 0 && value <= 1)
    return [values.map((value) => (isProbability ? logit(value) : value - threshold))]
  }
  return Array.from({ length: outputs }, (_, classIndex) =>
    Float32Array.from({ length: size * size }, (_, point) => {
      let others = Number.NEGATIVE_INFINITY
      for (let other = 0; other < outputs; other++) {
        if (other !== classIndex) others = Math.max(others, values[point * outputs + other] ?? 0)
      }
      return (values[point * outputs + classIndex] ?? 0) - others
    }),
  )
}

const logit = (probability: number) => {
  const clipped = Math.min(1 - 1e-4, Math.max(1e-4, probability))
  return Math.log(clipped / (1 - clipped))
}

/** Draws the lines where the field is zero. */
function strokeZero(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  size: number,
  width: number,
  height: number,
): void {
  const [stepX, stepY] = [width / (size - 1), height / (size - 1)]
  context.beginPath()
  for (const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] of contour({ size, values }, 0)) {
    context.moveTo(x1 * stepX, height - y1 * stepY)
    context.lineTo(x2 * stepX, height - y2 * stepY)
  }
  context.stroke()
}
