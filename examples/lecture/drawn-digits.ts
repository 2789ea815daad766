/** Ten digits of 5 × 7 dots, and noisy pictures of them. */
import { seededRandom } from '../../src/datasets/random.js'

const font = [
  ['.###.', '#...#', '#..##', '#.#.#', '##..#', '#...#', '.###.'],
  ['..#..', '.##..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  ['.###.', '#...#', '....#', '..##.', '.#...', '#....', '#####'],
  ['.###.', '#...#', '....#', '..##.', '....#', '#...#', '.###.'],
  ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
  ['#####', '#....', '####.', '....#', '....#', '#...#', '.###.'],
  ['.###.', '#....', '#....', '####.', '#...#', '#...#', '.###.'],
  ['#####', '....#', '...#.', '..#..', '.#...', '.#...', '.#...'],
  ['.###.', '#...#', '#...#', '.###.', '#...#', '#...#', '.###.'],
  ['.###.', '#...#', '#...#', '.####', '....#', '....#', '.###.'],
]

/** Width and height of a picture in pixels. */
export const drawnSide = 12

export interface Picture {
  digit: number
  /** Row-major, from about 0 (paper) to about 1 (ink). */
  pixels: number[]
}

/** Draws the digits in turn, each at a random position with random contrast and noise. */
export function drawDigits(count: number, seed: number): Picture[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    const digit = index % 10
    const pixels = Array.from({ length: drawnSide ** 2 }, () => 0.1 * random.normal())
    const left = Math.floor(random.uniform() * (drawnSide - 4))
    const top = Math.floor(random.uniform() * (drawnSide - 6))
    const ink = 0.6 + 0.4 * random.uniform()
    for (const [y, line] of font[digit].entries()) {
      for (const [x, dot] of [...line].entries())
        if (dot === '#') pixels[(top + y) * drawnSide + left + x] += ink
    }
    return { digit, pixels }
  })
}

/** The pixels `p0`, `p1`, … and the `digit`. */
export function toCsv(pictures: readonly Picture[]): string {
  const heads = Array.from(pictures[0].pixels, (_, pixel) => `p${pixel}`)
  const lines = pictures.map(({ pixels, digit }) => [...pixels.map((ink) => ink.toFixed(3)), digit].join(','))
  return [[...heads, 'digit'].join(','), ...lines, ''].join('\n')
}
