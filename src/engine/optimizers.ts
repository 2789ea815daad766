/** Optimizers as operations: passes over the range of all parameters. operations/learning.ts gives the formulas. */
import type { Optimizer, TrainingSpec } from '../contract/network.js'
import type { ArenaLayout } from './arena.js'
import type { BufferId, Operation } from './operations.js'

/**
 * @param parameters span of all parameters. @param gradients span of the same length.
 * @returns the update; places the optimizer's state in the arena, initially zero.
 */
export function updateOperations(
  { optimizer, l1 = 0, clipNorm }: Pick<TrainingSpec, 'optimizer' | 'l1' | 'clipNorm'>,
  parameters: BufferId,
  gradients: BufferId,
  layout: ArenaLayout,
): Operation[] {
  const count = layout.buffer(parameters).length
  const operations: Operation[] = []
  let descended = gradients
  const addPenalty = (name: string, penalty: { weightDecay: number; l1: number }) => {
    const to = layout.addFixed(name, 'scratch', [count])
    const operands = { parameters, gradients: descended, to }
    operations.push({ op: 'decayWeights', operands, attributes: { count, ...penalty } })
    descended = to
  }
  if (l1 > 0) addPenalty(penalizedGradients, { weightDecay: 0, l1 })
  if (clipNorm !== undefined) {
    const attributes = { count, limit: clipNorm }
    operations.push({ op: 'clipGradients', operands: { gradients: descended }, attributes })
  }
  const weightDecay = coupledWeightDecay(optimizer)
  if (weightDecay > 0) addPenalty('optimizer.decayedGradients', { weightDecay, l1: 0 })
  return [...operations, update(optimizer, parameters, descended, count, layout)]
}

/** The buffer of all gradients. */
export const gradientSpan = 'gradients'
/** The buffer of the gradients with the L1 penalty, which are clipped. Absent without it. */
export const penalizedGradients = 'optimizer.penalizedGradients'

/** The weight decay added to the gradients before the update; sgd and adamw apply theirs in the update. */
function coupledWeightDecay(optimizer: Optimizer): number {
  switch (optimizer.type) {
    case 'sgd':
    case 'adamw':
      return 0
    case 'adam':
    case 'rmsprop':
    case 'adagrad':
      return optimizer.weightDecay
    default:
      return optimizer satisfies never
  }
}

function update(
  optimizer: Optimizer,
  parameters: BufferId,
  gradients: BufferId,
  count: number,
  layout: ArenaLayout,
): Operation {
  const state = (name: string) => layout.addFixed(`optimizer.${name}`, 'optimizerState', [count])
  switch (optimizer.type) {
    case 'sgd': {
      const { momentum, nesterov, weightDecay } = optimizer
      const velocity = momentum > 0 ? state('velocity') : null
      return {
        op: 'sgdUpdate',
        operands: { parameters, gradients, velocity },
        attributes: { count, momentum, nesterov, weightDecay },
      }
    }
    case 'adam':
    case 'adamw': {
      const { beta1, beta2, epsilon, biasCorrection } = optimizer
      const weightDecay = optimizer.type === 'adamw' ? optimizer.weightDecay : 0
      const firstMoment = state('firstMoment')
      const secondMoment = state('secondMoment')
      return {
        op: 'adamUpdate',
        operands: { parameters, gradients, firstMoment, secondMoment },
        attributes: { count, beta1, beta2, epsilon, biasCorrection, weightDecay },
      }
    }
    case 'rmsprop': {
      const { rho, epsilon } = optimizer
      const meanSquare = state('meanSquare')
      return {
        op: 'rmspropUpdate',
        operands: { parameters, gradients, meanSquare },
        attributes: { count, rho, epsilon },
      }
    }
    case 'adagrad': {
      const { epsilon } = optimizer
      const sumOfSquares = state('sumOfSquares')
      return {
        op: 'adagradUpdate',
        operands: { parameters, gradients, sumOfSquares },
        attributes: { count, epsilon },
      }
    }
    default:
      return optimizer satisfies never
  }
}
