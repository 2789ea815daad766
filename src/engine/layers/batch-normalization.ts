/** batchNormalization: each channel to mean 0 and variance 1 over the batch, then scaled by weight and shifted by bias, which are learned. */
import { sizeOf } from '../arena.js'
import type { Shape } from '../program.js'
import { type OwnTensor, outputSignal, type Place, type PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'

export function batchNormalization(
  layer: LayerOf<'batchNormalization'>,
  input: Shape,
  place: Place,
): PlannedLayer {
  const [channels = 0, ...rest] = input
  const sizes = { channels, positions: sizeOf(rest) }
  const { momentum, epsilon } = layer
  const own = (name: OwnTensor['name'], trainable: boolean, value: number): OwnTensor => ({
    name,
    shape: [channels],
    trainable,
    initial: { type: 'constant', value },
  })
  return {
    layer,
    outputShape: input,
    activation: null,
    tensors: [
      own('weight', true, 1),
      own('bias', true, 0),
      own('runningMean', false, 0),
      own('runningVar', false, 1),
    ],
    emit: (site) => {
      const weight = site.tensor('weight')
      const bias = site.tensor('bias')
      const runningMean = site.tensor('runningMean').value
      const runningVariance = site.tensor('runningVar').value
      const gamma = weight.value
      const beta = bias.value
      const output = outputSignal(site, input)
      const y = output.training
      const { training: x, gradient: dx } = site.input
      const inference = [
        {
          op: 'batchNormalizationInference' as const,
          operands: { x: site.input.inference, gamma, beta, runningMean, runningVariance, y },
          attributes: { ...sizes, epsilon },
        },
      ]
      const dy = output.gradient
      if (dy === null || weight.gradient === null || bias.gradient === null) {
        return { output, training: [], inference, backward: [] }
      }
      const statistic = (name: string) =>
        site.layout.fixed(`layers.${place.index}.${name}`, 'scratch', [channels])
      const mean = statistic('batchMean')
      const inverse = statistic('batchInverseDeviation')
      return {
        output,
        training: [
          {
            op: 'batchNormalizationForward',
            operands: { x, gamma, beta, mean, inverse, runningMean, runningVariance, y },
            attributes: { ...sizes, momentum, epsilon },
          },
        ],
        inference,
        backward: [
          {
            op: 'batchNormalizationBackward',
            operands: { x, gamma, mean, inverse, dy, dGamma: weight.gradient, dBeta: bias.gradient, dx },
            attributes: sizes,
          },
        ],
      }
    },
  }
}
