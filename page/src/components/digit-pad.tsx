/** A canvas to draw a digit on, read as 28 × 28 grey levels like the images of MNIST. */
import { useRef } from 'preact/hooks'

const digitSide = 28
export const digitPixels = digitSide * digitSide
/** MNIST's digits fill a box of this size, with strokes about this wide, in pixels. */
const box = 20
const strokeWidth = 2.4
/** Side of the canvases for drawing and for measuring, in pixels. */
const side = 280
const scaleUp = side / digitSide
/** Smaller drawings, such as a dot, are not enlarged further. */
const smallestExtent = 60

interface Point {
  x: number
  y: number
}

export function DigitPad({ white, onDraw }: { white: number; onDraw(pixels: number[] | null): void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const strokes = useRef<Point[][]>([])
  const isDown = useRef(false)

  const extend = (event: PointerEvent) => {
    const context = canvas.current?.getContext('2d')
    const stroke = strokes.current.at(-1)
    if (!isDown.current || !context || stroke === undefined) return
    const { left, top, width, height } = context.canvas.getBoundingClientRect()
    stroke.push({ x: ((event.clientX - left) / width) * side, y: ((event.clientY - top) / height) * side })
    paint(context, [stroke.slice(-2)], 20)
  }
  const end = () => {
    if (!isDown.current) return
    isDown.current = false
    onDraw(read(strokes.current).map((shade) => shade * white))
  }
  const clear = () => {
    canvas.current?.getContext('2d')?.clearRect(0, 0, side, side)
    strokes.current = []
    onDraw(null)
  }
  return (
    <div class="digit">
      <canvas
        ref={canvas}
        width={side}
        height={side}
        aria-label="Draw a digit here"
        role="img"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          isDown.current = true
          strokes.current.push([])
          extend(event)
        }}
        onPointerMove={extend}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <button type="button" onClick={clear}>
        Clear
      </button>
    </div>
  )
}

function paint(context: CanvasRenderingContext2D, strokes: readonly Point[][], width: number): void {
  context.strokeStyle = '#fff'
  context.lineWidth = width
  context.lineCap = context.lineJoin = 'round'
  context.beginPath()
  for (const stroke of strokes) {
    const [first] = stroke
    if (first === undefined) continue
    context.moveTo(first.x, first.y)
    for (const { x, y } of stroke) context.lineTo(x, y)
  }
  context.stroke()
}

/** Grey levels from 0 to 1. Scales the strokes into the box, then moves their centre of mass to the middle. */
function read(strokes: readonly Point[][]): number[] {
  const [large, small] = [createSquare(side), createSquare(digitSide)]
  if (large === null || small === null) return Array.from({ length: digitPixels }, () => 0)
  paint(large, scaled(strokes), strokeWidth * scaleUp)
  const { data } = large.getImageData(0, 0, side, side)
  let [mass, sumX, sumY] = [0, 0, 0]
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const shade = data[4 * (y * side + x) + 3] ?? 0
      mass += shade
      sumX += shade * (x + 0.5)
      sumY += shade * (y + 0.5)
    }
  }
  // MNIST centres the mass on the centre of pixel 14, not on its corner.
  const middle = digitSide / 2 + 0.5
  small.imageSmoothingQuality = 'high'
  small.drawImage(
    large.canvas,
    middle - sumX / mass / scaleUp,
    middle - sumY / mass / scaleUp,
    digitSide,
    digitSide,
  )
  const drawn = small.getImageData(0, 0, digitSide, digitSide).data
  return Array.from({ length: digitPixels }, (_, index) => (drawn[4 * index + 3] ?? 0) / 255)
}

/** Scales the strokes to the size of the box, centred on the large canvas. */
function scaled(strokes: readonly Point[][]): Point[][] {
  const points = strokes.flat()
  const [left, right] = extent(points.map(({ x }) => x))
  const [top, bottom] = extent(points.map(({ y }) => y))
  const scale = ((box - strokeWidth) * scaleUp) / Math.max(right - left, bottom - top, smallestExtent)
  return strokes.map((stroke) =>
    stroke.map(({ x, y }) => ({
      x: side / 2 + (x - (left + right) / 2) * scale,
      y: side / 2 + (y - (top + bottom) / 2) * scale,
    })),
  )
}

function extent(values: readonly number[]): [number, number] {
  return [
    values.reduce((minimum, value) => Math.min(minimum, value), side),
    values.reduce((maximum, value) => Math.max(maximum, value), 0),
  ]
}

function createSquare(length: number): CanvasRenderingContext2D | null {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = length
  return canvas.getContext('2d', { willReadFrequently: true })
}
