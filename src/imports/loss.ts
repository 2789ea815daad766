/** The loss of an imported model, which says how its outputs are read and how it trains on. */
import type { TargetCoding } from '../contract/dataset.js'
import { type Activation, type Loss, lastActivation, losses, type Network } from '../contract/network.js'
import { refuse, refuseField } from './refuse.js'

/**
 * The given loss, or the usual one of the last activation.
 * @throws Problem `invalid-model` if the loss does not suit the last activation, or if two readings of an output are usual
 */
export function resolveLoss(given: Loss | undefined, network: Network, target: TargetCoding): Loss {
  const activation = lastActivation(network)
  if (given === undefined) return usualLoss(activation, target)
  const { activation: required } = losses[given]
  if (required !== null && required !== activation) {
    throw refuseField(
      '/loss',
      `${given} needs ${required} in the last layer, but the network ends with ${activation}`,
    )
  }
  if (activation === 'step' && required !== 'step') {
    throw refuseField('/loss', `a network that ends with step needs the loss perceptron, not ${given}`)
  }
  return given
}

function usualLoss(activation: Activation, target: TargetCoding): Loss {
  if (activation === 'softmax') return 'categoricalCrossentropy'
  if (activation === 'sigmoid' && target.type !== 'oneHot') return 'binaryCrossentropy'
  if (activation === 'step') return 'perceptron'
  if (target.type === 'binary' || target.type === 'multiLabel') {
    throw refuse(
      `The network ends with ${activation}, so the output from which it predicts the second class is unknown. Send the field loss: ` +
        '"hinge" for 0 (needs linear), "meanSquaredError" for 0.5. Or end the network with sigmoid.',
      '/loss',
    )
  }
  return 'meanSquaredError'
}
