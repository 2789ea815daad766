/** A hidden dense layer, as forms edit it. */

export const activations = [
  'tanh',
  'relu',
  'sigmoid',
  'leakyRelu',
  'elu',
  'gelu',
  'softplus',
  'step',
  'linear',
] as const
type HiddenActivation = (typeof activations)[number]

export interface HiddenLayer {
  units: number
  activation: HiddenActivation
}
