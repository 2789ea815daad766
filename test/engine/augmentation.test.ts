/** Changed pictures: worked out by hand for 3 × 3 pixels, and the statistics of what is drawn. */
import { describe, expect, it } from 'vitest'
import { augmentationSchema } from '../../src/contract/network.js'
import { AugmentedRows, changePicture, type Placement } from '../../src/engine/augmentation.js'

const unchanged: Placement = { mirrorsColumns: false, mirrorsRows: false, angle: 0, right: 0, down: 0 }
const quarter = Math.PI / 2

const changed = (pixels: number[], placement: Partial<Placement>, [height, width] = [3, 3], channels = 1) => {
  const target = new Float32Array(pixels.length)
  const pictures = { values: Float32Array.from(pixels), height, width, channels }
  changePicture(pictures, 0, { ...unchanged, ...placement }, target)
  return [...target]
}

// biome-ignore format: rows of pixels
const square = [
  1, 2, 3,
  4, 5, 6,
  7, 8, 9,
]

describe('a picture', () => {
  it('stays as it is without a change', () => expect(changed(square, {})).toEqual(square))

  it('is mirrored', () => {
    expect(changed(square, { mirrorsColumns: true })).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7])
    expect(changed(square, { mirrorsRows: true })).toEqual([7, 8, 9, 4, 5, 6, 1, 2, 3])
  })

  it('is moved by whole and half pixels, and its border is repeated', () => {
    expect(changed(square, { right: 1 })).toEqual([1, 1, 2, 4, 4, 5, 7, 7, 8])
    expect(changed(square, { down: -1 })).toEqual([4, 5, 6, 7, 8, 9, 7, 8, 9])
    expect(changed(square, { right: 0.5 })).toEqual([1, 1.5, 2.5, 4, 4.5, 5.5, 7, 7.5, 8.5])
    // Half a pixel in both directions is the mean of four.
    expect(changed(square, { right: -0.5, down: -0.5 })[0]).toBe((1 + 2 + 4 + 5) / 4)
  })

  it('is transposed and mirrored by a quarter turn', () => {
    // biome-ignore format: rows of pixels
    expect(changed(square, { angle: quarter })).toEqual([
      7, 4, 1,
      8, 5, 2,
      9, 6, 3,
    ])
    const transposed = [1, 4, 7, 2, 5, 8, 3, 6, 9]
    expect(changed(square, { angle: -quarter })).toEqual(changed(transposed, { mirrorsRows: true }))
    expect(changed(square, { angle: 2 * quarter })).toEqual([...square].reverse())
  })

  it('is interpolated by an eighth of a turn', () => {
    const pixels = changed(square, { angle: quarter / 2 })
    // The corner is √2 from the centre, so it comes from left of the first column: its nearest pixel is 4.
    expect(pixels[0]).toBe(4)
    expect(pixels[4]).toBe(5)
    // The middle of the first row comes from 1 − √½ in both directions, where x + 3y + 1 is 1 + 4 (1 − √½).
    expect(pixels[1]).toBeCloseTo(1 + 4 * (1 - Math.SQRT1_2), 6)
  })

  it('is mirrored before it is rotated, and rotated before it is moved', () => {
    const all = { mirrorsColumns: true, angle: quarter, right: 1 }
    const mirrored = changed(square, { mirrorsColumns: true })
    const rotated = changed(mirrored, { angle: quarter })
    expect(changed(square, all)).toEqual(changed(rotated, { right: 1 }))
  })

  it('changes in all channels alike, and need not be square', () => {
    const two = [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]
    expect(changed(two, { right: 1 }, [2, 3], 2)).toEqual([1, 1, 2, 4, 4, 5, 10, 10, 20, 40, 40, 50])
  })
})

const rows = 4_000

/** The changed rows of an epoch. @param picture repeated in every row */
function epochOf(input: object, picture: number[], shape: number[], epoch = 0, seed = 1): Float32Array {
  const values = Float32Array.from({ length: rows * picture.length }, (_, i) => picture[i % picture.length])
  const target = new Float32Array(values.length)
  new AugmentedRows(values, target, shape, augmentationSchema.parse(input), seed).prepare(epoch, () => false)
  expect(values.subarray(-picture.length)).toEqual(Float32Array.from(picture))
  return target
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length
const moment = (values: ArrayLike<number>, power: number) =>
  mean(Array.from(values, (value) => value ** power))

describe('what is drawn', () => {
  it('mirrors half of the pictures', () => {
    const first = epochOf({ flip: 'horizontal' }, [0, 1], [1, 1, 2]).filter((_, i) => i % 2 === 0)
    // The share of 4,000 fair draws has the deviation √(¼ / 4,000) = 0.008.
    expect(mean(first)).toBeGreaterThan(0.5 - 4 * 0.008)
    expect(mean(first)).toBeLessThan(0.5 + 4 * 0.008)
    const both = epochOf({ flip: 'both' }, [0, 1, 2, 3], [1, 2, 2]).filter((_, i) => i % 4 === 0)
    for (const value of [0, 1, 2, 3]) {
      const share = both.filter((each) => each === value).length / rows
      expect(Math.abs(share - 0.25)).toBeLessThan(4 * 0.007)
    }
  })

  it('moves by up to the share of the width, uniformly', () => {
    // The middle of a ramp shows by how many of its 41 pixels it was moved.
    const ramp = Array.from({ length: 41 }, (_, x) => x)
    const moved = epochOf({ shift: 0.2 }, ramp, [1, 1, 41]).filter((_, i) => i % 41 === 20)
    const shifts = Array.from(moved, (value) => 20 - value)
    expect(Math.max(...shifts)).toBeLessThanOrEqual(8.2)
    expect(Math.max(...shifts)).toBeGreaterThan(8.1)
    expect(Math.min(...shifts)).toBeGreaterThanOrEqual(-8.2001)
    // A uniform number in ±8.2 has the deviation 8.2 / √3 = 4.73, and the mean of 4,000 has 0.075.
    expect(Math.abs(mean(shifts))).toBeLessThan(4 * 0.075)
    expect(Math.sqrt(moment(shifts, 2))).toBeCloseTo(8.2 / Math.sqrt(3), 0)
  })

  it('rotates by up to the angle, in both directions', () => {
    // In the plane x, the pixel below the centre comes from the sine of the angle right of it.
    const plane = Array.from({ length: 25 }, (_, i) => i % 5)
    const rotated = epochOf({ rotate: 30 }, plane, [1, 5, 5])
    const angles = Array.from({ length: rows }, (_, row) => Math.asin(rotated[25 * row + 17] - 2))
    const degrees = angles.map((angle) => (angle * 180) / Math.PI)
    expect(Math.max(...degrees)).toBeLessThanOrEqual(30.001)
    expect(Math.max(...degrees)).toBeGreaterThan(29.5)
    expect(Math.min(...degrees)).toBeLessThan(-29.5)
    expect(Math.sqrt(moment(degrees, 2))).toBeCloseTo(30 / Math.sqrt(3), 0)
  })

  it('adds normal noise of the deviation, independent in each pixel', () => {
    const noisy = epochOf({ noise: 0.5 }, [1, 1, 1, 1, 1, 1], [1, 2, 3])
    const noise = Array.from(noisy, (value) => value - 1)
    // Of 24,000 normal numbers: the mean has the deviation 0.5 / √24,000 = 0.0032.
    expect(Math.abs(mean(noise))).toBeLessThan(4 * 0.0032)
    expect(Math.sqrt(moment(noise, 2))).toBeCloseTo(0.5, 2)
    expect(moment(noise, 4) / moment(noise, 2) ** 2).toBeGreaterThan(2.8)
    expect(moment(noise, 4) / moment(noise, 2) ** 2).toBeLessThan(3.2)
    const products = noise.slice(1).map((value, i) => value * noise[i])
    // The products have the deviation ¼.
    expect(Math.abs(mean(products))).toBeLessThan((4 * 0.25) / Math.sqrt(24_000))
  })

  it('differs between rows, epochs and seeds, and is nothing without a change', () => {
    const input = { noise: 1 }
    const first = epochOf(input, [0], [1, 1, 1])
    expect(new Set(first).size).toBeGreaterThan(rows - 10)
    expect(epochOf(input, [0], [1, 1, 1])).toEqual(first)
    expect(epochOf(input, [0], [1, 1, 1], 1)).not.toEqual(first)
    expect(epochOf(input, [0], [1, 1, 1], 0, 2)).not.toEqual(first)
    expect(new Set(epochOf({}, [7], [1, 1, 1]))).toEqual(new Set([7]))
  })
})

it('has the same rows of an epoch whatever came before it, in one go or in pieces', () => {
  const side = 16
  const values = Float32Array.from({ length: 600 * side * side }, (_, i) => Math.sin(i))
  const augmentation = augmentationSchema.parse({ flip: 'both', shift: 0.2, rotate: 45, noise: 0.1 })
  const targets = [new Float32Array(values.length), new Float32Array(values.length)]
  const [whole, pieces] = targets.map(
    (target) => new AugmentedRows(values, target, [1, side, side], augmentation, 9),
  )
  expect(whole.prepare(3, () => false)).toBe(true)
  pieces.prepare(0, () => false)
  // Interrupted in the middle.
  expect(pieces.prepare(2, () => true)).toBe(false)
  let calls = 1
  while (!pieces.prepare(3, () => true)) calls++
  // 32,768 values at once are 128 pictures.
  expect(calls).toBe(5)
  expect(targets[1]).toEqual(targets[0])
})
