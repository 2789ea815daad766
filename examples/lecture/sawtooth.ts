/** Composed tent maps (Telgarsky 2016): a sawtooth with 2ᵏ pieces, and the networks that represent it or cannot. */

/** The tent map on [0, 1]. */
const tent = (x: number) => (x < 0.5 ? 2 * x : 2 - 2 * x)

/** The tent map applied `folds` times: 2^folds straight pieces. */
export function sawtooth(folds: number, x: number): number {
  let value = x
  for (let fold = 0; fold < folds; fold++) value = tent(value)
  return value
}

const relu = (value: number) => Math.max(0, value)

/**
 * The outputs of `folds` layers of two relu units and a linear output. A layer computes a = relu(2u) and
 * b = relu(4u − 2) of u = a − b of the layer before, so that a − b is the tent map of u.
 */
export function foldedOutput(folds: number, x: number): number {
  let [a, b] = [relu(2 * x), relu(4 * x - 2)]
  for (let layer = 1; layer < folds; layer++) {
    const sums = [2 * a - 2 * b, 4 * a - 4 * b - 2]
    ;[a, b] = sums.map(relu)
  }
  return a - b
}

/** Weights and biases of that network: 4 in the first layer, 6 in each other, 3 in the output. */
export const foldedParameters = (folds: number) => 4 + 6 * (folds - 1) + 3

/** Hidden units of the network with one layer and as many parameters: 3 for each unit, and 1. */
export const equalWidth = (folds: number) => (foldedParameters(folds) - 1) / 3

/**
 * The lowest mean squared error of any function with at most `pieces` straight pieces on these points, by dynamic
 * programming over the first point of the last piece. The pieces need not meet, so a continuous function with as many
 * pieces has this error or a higher one.
 */
export function lowestError(xs: readonly number[], ys: readonly number[], pieces: number): number {
  const cost = pieceErrors(xs, ys)
  const count = xs.length
  let least = Array.from({ length: count + 1 }, (_, end) => (end === 0 ? 0 : cost(0, end)))
  for (let piece = 1; piece < pieces; piece++) {
    least = least.map((_, end) => {
      let best = end === 0 ? 0 : Number.POSITIVE_INFINITY
      for (let start = 0; start < end; start++) best = Math.min(best, least[start] + cost(start, end))
      return best
    })
  }
  return least[count] / count
}

/** The squared error of the best line through the points from `start` to before `end`, by sums of prefixes. */
function pieceErrors(xs: readonly number[], ys: readonly number[]) {
  const sums = [[0, 0, 0, 0, 0]]
  for (const [index, x] of xs.entries()) {
    const y = ys[index]
    sums.push([x, y, x * x, x * y, y * y].map((value, at) => sums[index][at] + value))
  }
  return (start: number, end: number) => {
    const count = end - start
    const [x, y, xx, xy, yy] = sums[end].map((value, at) => value - sums[start][at])
    const [sxx, sxy, syy] = [xx - (x * x) / count, xy - (x * y) / count, yy - (y * y) / count]
    return Math.max(0, syy - (sxx > 1e-12 ? (sxy * sxy) / sxx : 0))
  }
}
