/** A small plot of one unit: over two inputs as a map from negative to positive, over one input as a curve. */
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useTheme } from '../theme.js'
import { classColour, colourFromToken } from './colours.js'
import { drawGrid } from './grid-image.js'

export interface UnitMap {
  /** Points along each axis. */
  size: number
  axes: number
  /** The first axis varies fastest. */
  values: Float64Array
  /** Largest absolute value. */
  largest: number
}

/** Width of the canvas in pixels. */
const canvasSize = 88

export function UnitMapCanvas({ map }: { map: UnitMap }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context === null || context === undefined) return
    if (map.axes === 1) drawCurve(context, map)
    else drawMap(context, map)
  }, [map, theme])
  return <canvas ref={canvas} width={canvasSize} height={canvasSize} />
}

function drawMap(context: CanvasRenderingContext2D, { size, values, largest }: UnitMap): void {
  const small = document.createElement('canvas')
  small.width = small.height = size
  const pixels = small.getContext('2d')
  if (pixels === null) return
  const paper = colourFromToken('--canvas')
  const [negative, positive] = [classColour(0), classColour(1)]
  drawGrid(pixels, size, (point, mix) => {
    const value = values[point] ?? 0
    const share = largest === 0 ? 0 : Math.abs(value) / largest
    mix(paper, value < 0 ? negative : positive, 0.9 * share)
  })
  context.drawImage(small, 0, 0, canvasSize, canvasSize)
}

function drawCurve(context: CanvasRenderingContext2D, { size, values, largest }: UnitMap): void {
  const colour = (parts: readonly number[]) => `rgb(${parts.join(' ')})`
  const y = (value: number) => (canvasSize / 2) * (1 - (0.9 * value) / (largest || 1))
  context.fillStyle = colour(colourFromToken('--canvas'))
  context.fillRect(0, 0, canvasSize, canvasSize)
  context.lineWidth = 1
  context.strokeStyle = colour(colourFromToken('--line-strong'))
  context.strokeRect(0, canvasSize / 2, canvasSize, 0)
  context.lineWidth = 5
  context.strokeStyle = colour(classColour(1))
  context.beginPath()
  values.forEach((value, index) => {
    context.lineTo((canvasSize * index) / (size - 1), y(value))
  })
  context.stroke()
}
