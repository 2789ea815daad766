/** Compiles a network that came in, to learn its tensors and shapes. */
import type { Network } from '../contract/network.js'
import { compilePrediction } from '../engine/index.js'
import { checked, refuseField } from './refuse.js'

/** @throws Problem `invalid-model` when the layers do not fit together */
export function planNetwork(network: Network): ReturnType<typeof compilePrediction> {
  if (network.inputShape === undefined) {
    throw refuseField('/network', 'inputShape is missing, such as [4] or [1, 28, 28]')
  }
  return checked(() => compilePrediction(network, 1))
}
