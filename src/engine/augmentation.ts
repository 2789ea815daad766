/**
 * Pictures that are changed at random before each epoch: mirrored, then rotated, then moved, then given noise
 * (Shorten and Khoshgoftaar 2019, "A survey on Image Data Augmentation for Deep Learning", section "Image data
 * augmentations"). The changed rows are written to memory next to the dataset, where every backend reads them, so
 * backends and numbers of threads do not change them.
 */
import type { Augmentation } from '../contract/network.js'
import { type Key, streamKey, threefry, unitReal } from './rng.js'

/** How one picture is changed. */
export interface Placement {
  mirrorsColumns: boolean
  mirrorsRows: boolean
  /** Radians, clockwise. */
  angle: number
  /** Pixels. */
  right: number
  down: number
}

interface PictureRows {
  /** Rows × channels × height × width. */
  readonly values: Float32Array
  readonly height: number
  readonly width: number
  readonly channels: number
}

/**
 * Writes row `row` of `pictures`, changed, to the same place in `target`. A pixel at p has the value that the picture
 * has at R(−angle)(p − shift − c) + c, with the centre c, interpolated between the four nearest pixels (Gonzalez and
 * Woods, "Digital Image Processing", section "Spatial transformations"). Outside, the nearest pixel of the border counts.
 */
export function changePicture(
  { values, height, width, channels }: PictureRows,
  row: number,
  { mirrorsColumns, mirrorsRows, angle, right, down }: Placement,
  target: Float32Array,
): void {
  const [lastX, lastY] = [width - 1, height - 1]
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  const area = height * width
  const first = row * channels * area
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const across = x - right - lastX / 2
      const along = y - down - lastY / 2
      let fromX = cosine * across + sine * along + lastX / 2
      let fromY = cosine * along - sine * across + lastY / 2
      if (mirrorsColumns) fromX = lastX - fromX
      if (mirrorsRows) fromY = lastY - fromY
      fromX = Math.min(lastX, Math.max(0, fromX))
      fromY = Math.min(lastY, Math.max(0, fromY))
      const left = Math.floor(fromX)
      const top = Math.floor(fromY)
      const toRight = fromX - left
      const toBottom = fromY - top
      const stepX = left < lastX ? 1 : 0
      const stepY = top < lastY ? width : 0
      let at = first + top * width + left
      let to = first + y * width + x
      for (let channel = 0; channel < channels; channel++) {
        target[to] =
          (1 - toBottom) * ((1 - toRight) * values[at] + toRight * values[at + stepX]) +
          toBottom * ((1 - toRight) * values[at + stepY] + toRight * values[at + stepY + stepX])
        at += area
        to += area
      }
    }
  }
}

/** Between two checks of the clock. */
const valuesAtOnce = 32_768

/**
 * The training rows of one epoch at a time. Row r of epoch e is a function of (seed, e, r): block (e, 0) of the stream
 * `augmentation` is the key of the epoch. Under this key, block (0, r) mirrors by its top bits and rotates, block (1, r)
 * moves, and block (2 + i, r) gives the values 2i and 2i + 1 normal noise (Box & Muller 1958).
 */
export class AugmentedRows {
  readonly #pictures: PictureRows
  readonly #features: number
  readonly #key: Key
  readonly #words = new Uint32Array(2)
  readonly #placement: Placement = { mirrorsColumns: false, mirrorsRows: false, angle: 0, right: 0, down: 0 }
  #epoch = -1
  #epochKey: Key
  /** Rows of the epoch that are written. */
  #ready = 0

  /**
   * @param values rows × channels × height × width, which stay as they are. @param target receives the changed rows
   * @param shape [channels, height, width]
   */
  constructor(
    values: Float32Array,
    private readonly target: Float32Array,
    shape: readonly number[],
    private readonly augmentation: Augmentation,
    seed: number,
  ) {
    const [channels = 1, height = 1, width = 1] = shape
    this.#pictures = { values, channels, height, width }
    this.#features = channels * height * width
    this.#key = streamKey(seed, 'augmentation')
    this.#epochKey = this.#key
  }

  /**
   * Writes the rows of an epoch, counted from 0, until `isDue`, and continues there at the next call.
   * @returns whether all rows of the epoch are written
   */
  prepare(epoch: number, isDue: () => boolean): boolean {
    if (epoch !== this.#epoch) this.#begin(epoch)
    const rows = this.target.length / this.#features
    const atOnce = Math.max(1, Math.floor(valuesAtOnce / this.#features))
    while (this.#ready < rows) {
      const end = Math.min(rows, this.#ready + atOnce)
      for (; this.#ready < end; this.#ready++) this.#write(this.#ready)
      if (this.#ready < rows && isDue()) return false
    }
    return true
  }

  #begin(epoch: number): void {
    threefry(this.#key, epoch, 0, this.#words)
    const [low = 0, high = 0] = this.#words
    this.#epochKey = { low, high }
    this.#epoch = epoch
    this.#ready = 0
  }

  #write(row: number): void {
    const placement = this.#placement
    const { flip, shift, rotate, noise } = this.augmentation
    const { width, height } = this.#pictures
    const words = this.#words
    threefry(this.#epochKey, 0, row, words)
    placement.mirrorsColumns = (flip === 'horizontal' || flip === 'both') && words[0] >>> 31 === 1
    placement.mirrorsRows = (flip === 'vertical' || flip === 'both') && ((words[0] >>> 30) & 1) === 1
    placement.angle = ((rotate * Math.PI) / 180) * signedReal(words[1])
    threefry(this.#epochKey, 1, row, words)
    placement.right = shift * width * signedReal(words[0])
    placement.down = shift * height * signedReal(words[1])
    changePicture(this.#pictures, row, placement, this.target)
    if (noise > 0) this.#addNoise(row, noise)
  }

  #addNoise(row: number, deviation: number): void {
    const words = this.#words
    const { target } = this
    const end = (row + 1) * this.#features
    for (let at = row * this.#features, block = 2; at < end; at += 2, block++) {
      threefry(this.#epochKey, block, row, words)
      const radius = deviation * Math.sqrt(-2 * Math.log(1 - unitReal(words[0])))
      const angle = 2 * Math.PI * unitReal(words[1])
      target[at] += radius * Math.cos(angle)
      if (at + 1 < end) target[at + 1] += radius * Math.sin(angle)
    }
  }
}

/** In [−1, 1). */
const signedReal = (word: number) => 2 * unitReal(word) - 1
