/** Back-propagation through a network of two inputs, two tanh units and a sigmoid unit, number by number. */

export const weightNames = ['w₁₁', 'w₁₂', 'b₁', 'w₂₁', 'w₂₂', 'b₂', 'v₁', 'v₂', 'c'] as const

export interface Example {
  inputs: readonly [number, number]
  target: number
}

export interface Forward {
  /** The sums of the hidden units. */
  sums: readonly [number, number]
  hidden: readonly [number, number]
  /** The sum of the output unit. */
  sum: number
  output: number
  loss: number
}

/** @param weights in the order of `weightNames` */
export function forward(weights: readonly number[], { inputs: [x1, x2], target }: Example): Forward {
  const [w11, w12, b1, w21, w22, b2, v1, v2, c] = weights
  const sums = [w11 * x1 + w12 * x2 + b1, w21 * x1 + w22 * x2 + b2] as const
  const hidden = [Math.tanh(sums[0]), Math.tanh(sums[1])] as const
  const sum = v1 * hidden[0] + v2 * hidden[1] + c
  const output = 1 / (1 + Math.exp(-sum))
  return { sums, hidden, sum, output, loss: (output - target) ** 2 / 2 }
}

export interface Backward {
  /** ∂L/∂ŷ */
  outputError: number
  /** dŷ/ds, the slope of the sigmoid. */
  outputSlope: number
  /** ∂L/∂s of the output unit. */
  outputDelta: number
  /** dh/dz, the slopes of tanh. */
  slopes: readonly [number, number]
  /** ∂L/∂z of the hidden units. */
  deltas: readonly [number, number]
  /** ∂L/∂w in the order of `weightNames`. */
  gradient: readonly number[]
}

export function backward(weights: readonly number[], example: Example, values: Forward): Backward {
  const [x1, x2] = example.inputs
  const [h1, h2] = values.hidden
  const outputError = values.output - example.target
  const outputSlope = values.output * (1 - values.output)
  const outputDelta = outputError * outputSlope
  const slopes = [1 - h1 * h1, 1 - h2 * h2] as const
  const deltas = [outputDelta * weights[6] * slopes[0], outputDelta * weights[7] * slopes[1]] as const
  const [d1, d2] = deltas
  const gradient = [
    d1 * x1,
    d1 * x2,
    d1,
    d2 * x1,
    d2 * x2,
    d2,
    outputDelta * h1,
    outputDelta * h2,
    outputDelta,
  ]
  return { outputError, outputSlope, outputDelta, slopes, deltas, gradient }
}

/** Central difference quotients of the loss. Their error is of the order of the square of the step. */
export function differenceQuotients(weights: readonly number[], example: Example, step = 1e-5): number[] {
  const lossWith = (index: number, value: number) => forward(weights.with(index, value), example).loss
  return weights.map((weight, index) => {
    return (lossWith(index, weight + step) - lossWith(index, weight - step)) / (2 * step)
  })
}
