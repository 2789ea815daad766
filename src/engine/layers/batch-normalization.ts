/** batchNormalization: normalizes each channel over the batch, then applies a learned scale (weight) and shift (bias). */
import { elementCount } from '../arena.js'
import type { Shape } from '../program.js'
import { type LayerLocation, type LayerTensor, outputSignal, type PlannedLayer } from './layer.js'
import type { LayerOf } from './layer-of.js'

export function batchNormalization(
  layer: LayerOf<'batchNormalization'>,
  input: Shape,
  location: LayerLocation,
): PlannedLayer {
  const [channels = 0, ...rest] = input
  const sizes = { channels, positions: elementCount(rest) }
  const { momentum, epsilon } = layer
  const tensor = (name: LayerTensor['name'], trainable: boolean, value: number): LayerTensor => ({
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
      tensor('weight', true, 1),
      tensor('bias', true, 0),
      tensor('runningMean', false, 0),
      tensor('runningVar', false, 1),
    ],
    emit: (context) => {
      const weight = context.tensor('weight')
      const bias = context.tensor('bias')
      const runningMean = context.tensor('runningMean').value
      const runningVariance = context.tensor('runningVar').value
      const gamma = weight.value
      const beta = bias.value
      const output = outputSignal(context, input)
      const y = output.training
      const { training: x, gradient: dx } = context.input
      const inference = [
        {
          op: 'batchNormalizationInference' as const,
          operands: { x: context.input.inference, gamma, beta, runningMean, runningVariance, y },
          attributes: { ...sizes, epsilon },
        },
      ]
      const dy = output.gradient
      if (dy === null || weight.gradient === null || bias.gradient === null) {
        return { output, training: [], inference, backward: [] }
      }
      const statistic = (name: string) =>
        context.layout.addFixed(`layers.${location.index}.${name}`, 'scratch', [channels])
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
