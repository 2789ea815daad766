/** The lecture's formulas of optimizers, one step at a time in double precision. */

/** Changes two weights by a gradient. */
type Step = (weights: readonly number[], gradient: readonly number[]) => number[]

export function plainSteps(rate: number): Step {
  return (weights, gradient) => weights.map((weight, index) => weight - rate * gradient[index])
}

/** v ← βv + g, w ← w − ηv (Polyak 1964), as in PyTorch and in this service. */
export function momentumSteps(rate: number, beta = 0.9): Step {
  let velocity = [0, 0]
  return (weights, gradient) => {
    velocity = velocity.map((value, index) => beta * value + gradient[index])
    return weights.map((weight, index) => weight - rate * velocity[index])
  }
}

/** Kingma and Ba 2015, Algorithm 1. */
export function adamSteps(rate: number): Step {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8]
  let [first, second] = [
    [0, 0],
    [0, 0],
  ]
  let step = 0
  return (weights, gradient) => {
    step += 1
    first = first.map((value, index) => beta1 * value + (1 - beta1) * gradient[index])
    second = second.map((value, index) => beta2 * value + (1 - beta2) * gradient[index] ** 2)
    return weights.map((weight, index) => {
      const mean = first[index] / (1 - beta1 ** step)
      return weight - (rate * mean) / (Math.sqrt(second[index] / (1 - beta2 ** step)) + epsilon)
    })
  }
}
