/** Handwritten digits (test/fixtures/data), as they come and as pictures of 28 × 28. */
import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { readPictures } from '../../examples/digits.js'

const side = 28
/** The digit fills a box of so many pixels, as MNIST's do. */
const box = 20
/** MNIST's centres of mass are in the middle of pixel 14, not in the corner before it. */
const middle = side / 2 + 0.5

/** Lines of 64 pixels from 0 to 16 and the digit, without a header. */
export function digitsCsv(): string {
  const file = new URL('../fixtures/data/digits.csv.gz', import.meta.url)
  return gunzipSync(readFileSync(file)).toString()
}

/** Gzipped IDX files of 28 × 28 pictures, which are enlarged and have their centre of mass in the middle. */
export function enlargedDigits(): { images: Blob; labels: Blob } {
  const { side: from, black: full, rows } = readPictures(digitsCsv())
  const pixels = rows.flatMap((row) => {
    const shades = row.pixels.map((ink) => ink / full)
    return centred(enlarged(shades, from))
  })
  const images = Buffer.concat([idxHeader([rows.length, side, side]), Buffer.from(pixels)])
  const labels = Buffer.concat([idxHeader([rows.length]), Buffer.from(rows.map(({ digit }) => digit))])
  return { images: new Blob([gzipSync(images)]), labels: new Blob([gzipSync(labels)]) }
}

/** Bytes in as many dimensions as there are sizes. */
function idxHeader(sizes: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length)
  header.writeUInt32BE(0x0800 + sizes.length)
  for (const [index, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * index)
  return header
}

/** @returns box × box, interpolated bilinearly. @param pixels from × from */
function enlarged(pixels: readonly number[], from: number): number[] {
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= from || y >= from ? 0 : (pixels[y * from + x] ?? 0)
  return Array.from({ length: box * box }, (_, index) => {
    const x = (((index % box) + 0.5) * from) / box - 0.5
    const y = ((Math.floor(index / box) + 0.5) * from) / box - 0.5
    const [left, top] = [Math.floor(x), Math.floor(y)]
    const [right, bottom] = [x - left, y - top]
    return (
      (1 - bottom) * ((1 - right) * at(left, top) + right * at(left + 1, top)) +
      bottom * ((1 - right) * at(left, top + 1) + right * at(left + 1, top + 1))
    )
  })
}

/** @returns bytes of side × side. @param pixels from 0 to 1, box × box */
function centred(pixels: readonly number[]): number[] {
  const mass = pixels.reduce((sum, shade) => sum + shade, 0)
  const centre = (coordinate: (index: number) => number) =>
    pixels.reduce((sum, shade, index) => sum + shade * (coordinate(index) + 0.5), 0) / mass
  const left = Math.round(middle - centre((index) => index % box))
  const top = Math.round(middle - centre((index) => Math.floor(index / box)))
  const picture = Array.from({ length: side * side }, () => 0)
  for (const [index, shade] of pixels.entries()) {
    const x = left + (index % box)
    const y = top + Math.floor(index / box)
    if (x >= 0 && y >= 0 && x < side && y < side) picture[y * side + x] = Math.round(255 * shade)
  }
  return picture
}
