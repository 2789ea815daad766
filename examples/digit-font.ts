/** Ten digits of 5 × 7 dots, and noisy pictures of them. */
import { seededRandom } from '../src/datasets/random.js'

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
const side = 12

interface Picture {
  digit: number
  /** Row-major, from about 0 (paper) to about 1 (ink). */
  pixels: number[]
}

/** Draws the digits in turn, each at a random position with random contrast and noise. */
export function drawDigits(count: number, noise: number, seed: number): Picture[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    const digit = index % 10
    const pixels = Array.from({ length: side * side }, () => noise * random.normal())
    const left = Math.floor(random.uniform() * (side - 4))
    const top = Math.floor(random.uniform() * (side - 6))
    const ink = 0.6 + 0.4 * random.uniform()
    for (const [y, line] of font[digit].entries()) {
      for (const [x, dot] of [...line].entries()) if (dot === '#') pixels[(top + y) * side + left + x] += ink
    }
    return { digit, pixels }
  })
}

/** Draws a picture with half blocks, two rows of pixels per line. */
export function pictureLines(pixels: readonly number[], side: number, black: number): string[] {
  const isInk = (x: number, y: number) => (pixels[y * side + x] ?? 0) > black / 2
  return Array.from({ length: Math.ceil(side / 2) }, (_, line) =>
    Array.from({ length: side }, (_, x) => {
      const [upper, lower] = [isInk(x, 2 * line), isInk(x, 2 * line + 1)]
      return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' '
    }).join(''),
  )
}
