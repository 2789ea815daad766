/** A square to draw a digit in, read as 28 × 28 shades as the MNIST pictures are: 20 × 20 around its middle. */
import { useRef } from 'preact/hooks'

export const digitSide = 28
export const digitPixels = digitSide * digitSide
const box = 20
const side = 280

export function DigitPad({ greatest, onDraw }: { greatest: number; onDraw(pixels: number[]): void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const last = useRef<{ x: number; y: number } | null>(null)

  const at = (event: PointerEvent) => {
    const { left, top, width, height } = canvas.current?.getBoundingClientRect() ?? new DOMRect(0, 0, 1, 1)
    return { x: ((event.clientX - left) / width) * side, y: ((event.clientY - top) / height) * side }
  }
  const stroke = (event: PointerEvent) => {
    const context = canvas.current?.getContext('2d')
    if (last.current === null || !context) return
    const to = at(event)
    context.strokeStyle = '#fff'
    context.lineWidth = 20
    context.lineCap = context.lineJoin = 'round'
    context.beginPath()
    context.moveTo(last.current.x, last.current.y)
    context.lineTo(to.x, to.y)
    context.stroke()
    last.current = to
  }
  const end = () => {
    if (last.current === null) return
    last.current = null
    if (canvas.current !== null) onDraw(read(canvas.current).map((shade) => shade * greatest))
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
          last.current = at(event)
          stroke(event)
        }}
        onPointerMove={stroke}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <button type="button" onClick={() => canvas.current?.getContext('2d')?.clearRect(0, 0, side, side)}>
        Wipe
      </button>
    </div>
  )
}

/** Shades from 0 to 1: what was drawn, scaled into the box and moved so that its centre of mass is in the middle. */
function read(canvas: HTMLCanvasElement): number[] {
  const source = canvas.getContext('2d')
  const small = document.createElement('canvas')
  small.width = small.height = digitSide
  const target = small.getContext('2d', { willReadFrequently: true })
  if (source === null || target === null) return Array.from({ length: digitPixels }, () => 0)
  const { data } = source.getImageData(0, 0, side, side)
  let [left, right, top, bottom, mass, sumX, sumY] = [side, 0, side, 0, 0, 0, 0]
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const shade = data[4 * (y * side + x) + 3] ?? 0
      if (shade === 0) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
      mass += shade
      sumX += shade * x
      sumY += shade * y
    }
  }
  if (mass === 0) return Array.from({ length: digitPixels }, () => 0)
  const scale = box / Math.max(right - left + 1, bottom - top + 1)
  target.imageSmoothingQuality = 'high'
  target.drawImage(
    canvas,
    digitSide / 2 - (sumX / mass) * scale,
    digitSide / 2 - (sumY / mass) * scale,
    side * scale,
    side * scale,
  )
  const drawn = target.getImageData(0, 0, digitSide, digitSide).data
  return Array.from({ length: digitPixels }, (_, place) => (drawn[4 * place + 3] ?? 0) / 255)
}
