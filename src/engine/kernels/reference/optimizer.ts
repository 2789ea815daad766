/** Optimizers by definition, over the range of all parameters. */
import type { OperationOf } from '../../operations.js'
import { optionalView, type Run, view } from './run.js'

export function clipGradients(operation: OperationOf<'clipGradients'>, run: Run): void {
  const { count, limit } = operation.attributes
  const gradients = view(run, operation.operands.gradients)
  let squares = 0
  for (let i = 0; i < count; i++) squares += gradients[i] ** 2
  const norm = Math.sqrt(squares)
  if (!(norm > limit)) return
  for (let i = 0; i < count; i++) gradients[i] = (gradients[i] * limit) / norm
}

export function decayWeights(operation: OperationOf<'decayWeights'>, run: Run): void {
  const { count, weightDecay, l1 } = operation.attributes
  const parameters = view(run, operation.operands.parameters)
  const gradients = view(run, operation.operands.gradients)
  const to = view(run, operation.operands.to)
  for (let i = 0; i < count; i++) {
    to[i] = gradients[i] + weightDecay * parameters[i] + l1 * Math.sign(parameters[i])
  }
}

export function sgdUpdate(operation: OperationOf<'sgdUpdate'>, run: Run): void {
  const { count, momentum, nesterov, weightDecay } = operation.attributes
  const parameters = view(run, operation.operands.parameters)
  const gradients = view(run, operation.operands.gradients)
  const velocity = optionalView(run, operation.operands.velocity)
  for (let i = 0; i < count; i++) {
    const value = parameters[i]
    const gradient = gradients[i] + weightDecay * value
    let direction = gradient
    if (velocity !== null) {
      const moved = momentum * velocity[i] + gradient
      velocity[i] = moved
      direction = nesterov ? gradient + momentum * moved : moved
    }
    parameters[i] = value - run.learningRate * direction
  }
}

/** Kingma & Ba 2015, algorithm 1; with weightDecay, Loshchilov & Hutter 2019 as in PyTorch's AdamW. */
export function adamUpdate(operation: OperationOf<'adamUpdate'>, run: Run): void {
  const { count, beta1, beta2, epsilon, biasCorrection, weightDecay } = operation.attributes
  const parameters = view(run, operation.operands.parameters)
  const gradients = view(run, operation.operands.gradients)
  const first = view(run, operation.operands.firstMoment)
  const second = view(run, operation.operands.secondMoment)
  const firstCorrection = biasCorrection ? 1 - beta1 ** (run.step + 1) : 1
  const secondCorrection = biasCorrection ? 1 - beta2 ** (run.step + 1) : 1
  const kept = 1 - run.learningRate * weightDecay
  for (let i = 0; i < count; i++) {
    const gradient = gradients[i]
    const mean = beta1 * first[i] + (1 - beta1) * gradient
    const meanSquare = beta2 * second[i] + (1 - beta2) * gradient * gradient
    first[i] = mean
    second[i] = meanSquare
    const step = mean / firstCorrection / (Math.sqrt(meanSquare / secondCorrection) + epsilon)
    parameters[i] = parameters[i] * kept - run.learningRate * step
  }
}

/** Hinton's lecture 6e, 2012. */
export function rmspropUpdate(operation: OperationOf<'rmspropUpdate'>, run: Run): void {
  const { count, rho, epsilon } = operation.attributes
  const parameters = view(run, operation.operands.parameters)
  const gradients = view(run, operation.operands.gradients)
  const meanSquare = view(run, operation.operands.meanSquare)
  for (let i = 0; i < count; i++) {
    const gradient = gradients[i]
    const mean = rho * meanSquare[i] + (1 - rho) * gradient * gradient
    meanSquare[i] = mean
    parameters[i] = parameters[i] - (run.learningRate * gradient) / (Math.sqrt(mean) + epsilon)
  }
}

/** Duchi, Hazan & Singer 2011. */
export function adagradUpdate(operation: OperationOf<'adagradUpdate'>, run: Run): void {
  const { count, epsilon } = operation.attributes
  const parameters = view(run, operation.operands.parameters)
  const gradients = view(run, operation.operands.gradients)
  const sumOfSquares = view(run, operation.operands.sumOfSquares)
  for (let i = 0; i < count; i++) {
    const gradient = gradients[i]
    const sum = sumOfSquares[i] + gradient * gradient
    sumOfSquares[i] = sum
    parameters[i] = parameters[i] - (run.learningRate * gradient) / (Math.sqrt(sum) + epsilon)
  }
}
