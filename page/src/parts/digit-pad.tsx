/** A square to draw a digit in, read as 28 × 28 shades as the MNIST pictures are. */
import { useRef } from 'preact/hooks'

export const digitSide = 28
export const digitPixels = digitSide * digitSide
/** MNIST's digits fill a box of so many pixels, by strokes about so wide. */
const box = 20
const strokeWidth = 2.4
/** Of the canvas drawn on, and of the one that a drawing is measured on. */
const side = 280
const fine = side / digitSide
/** What is smaller was meant small, like a dot. */
const smallestExtent = 60

interface Spot {
  x: number
  y: number
}

export function DigitPad({ greatest, onDraw }: { greatest: number; onDraw(pixels: number[] | null): void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const strokes = useRef<Spot[][]>([])
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
    onDraw(read(strokes.current).map((shade) => shade * greatest))
  }
  const wipe = () => {
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
      <button type="button" onClick={wipe}>
        Wipe
      </button>
    </div>
  )
}

function paint(context: CanvasRenderingContext2D, strokes: readonly Spot[][], width: number): void {
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

/** Shades from 0 to 1: the strokes scaled into the box, then moved so that their centre of mass is in the middle. */
function read(strokes: readonly Spot[][]): number[] {
  const [large, small] = [squareOf(side), squareOf(digitSide)]
  if (large === null || small === null) return Array.from({ length: digitPixels }, () => 0)
  paint(large, scaled(strokes), strokeWidth * fine)
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
  // MNIST's middle is the centre of pixel 14, not the corner before it.
  const middle = digitSide / 2 + 0.5
  small.imageSmoothingQuality = 'high'
  small.drawImage(
    large.canvas,
    middle - sumX / mass / fine,
    middle - sumY / mass / fine,
    digitSide,
    digitSide,
  )
  const drawn = small.getImageData(0, 0, digitSide, digitSide).data
  return Array.from({ length: digitPixels }, (_, place) => (drawn[4 * place + 3] ?? 0) / 255)
}

/** As large as the box, around the middle of the fine canvas. */
function scaled(strokes: readonly Spot[][]): Spot[][] {
  const spots = strokes.flat()
  const [left, right] = rangeOf(spots.map(({ x }) => x))
  const [top, bottom] = rangeOf(spots.map(({ y }) => y))
  const scale = ((box - strokeWidth) * fine) / Math.max(right - left, bottom - top, smallestExtent)
  return strokes.map((stroke) =>
    stroke.map(({ x, y }) => ({
      x: side / 2 + (x - (left + right) / 2) * scale,
      y: side / 2 + (y - (top + bottom) / 2) * scale,
    })),
  )
}

function rangeOf(values: readonly number[]): [number, number] {
  return [
    values.reduce((least, value) => Math.min(least, value), side),
    values.reduce((greatest, value) => Math.max(greatest, value), 0),
  ]
}

function squareOf(length: number): CanvasRenderingContext2D | null {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = length
  return canvas.getContext('2d', { willReadFrequently: true })
}
