/** A square grid of points as pixels, with a mix of two colours at each point. */
import type { Colour } from './colours.js'

/** @param share 0 gives the first colour, 1 the second */
type Mix = (one: Colour, other: Colour, share: number) => void

/**
 * Draws one pixel for each point. The first axis varies fastest, and the
 * second one points up.
 * @param paint calls `mix` once with the colours of the point
 */
export function drawGrid(
  context: CanvasRenderingContext2D,
  size: number,
  paint: (point: number, mix: Mix) => void,
): void {
  const image = context.createImageData(size, size)
  let at = 0
  const mix: Mix = (one, other, share) => {
    for (const part of [0, 1, 2] as const)
      image.data[at + part] = one[part] + (other[part] - one[part]) * share
  }
  for (let point = 0; point < size * size; point++) {
    at = 4 * ((size - 1 - Math.floor(point / size)) * size + (point % size))
    paint(point, mix)
    image.data[at + 3] = 255
  }
  context.putImageData(image, 0, 0)
}
