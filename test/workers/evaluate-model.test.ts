/** A model is evaluated on its targets, whatever weighs the rows. */
import { expect, it } from 'vitest'
import { layerSchema } from '../../src/contract/network.js'
import { Dataset, Predictor } from '../../src/engine/index.js'
import { evaluate } from '../../workers/evaluate-model.js'

it('does not use the weights of rows as targets', () => {
  const dataset = Dataset.allocate({
    trainingRows: 3,
    validationRows: 0,
    features: 1,
    targetWidth: 2,
    weighted: true,
  })
  dataset.trainingX.set([-1, 1, 2])
  // Two classes and a weight, which is larger than either.
  dataset.trainingY.set([1, 0, 5, 0, 1, 7, 1, 0, 9])
  const network = {
    inputShape: [1],
    layers: [layerSchema.parse({ type: 'dense', units: 2, activation: 'softmax' })],
  }
  const weights = new Map([
    ['layers.0.weight', { shape: [2, 1], values: Float32Array.of(-1, 1) }],
    ['layers.0.bias', { shape: [2], values: Float32Array.of(0, 0) }],
  ])
  const evaluation = evaluate({
    network,
    predictor: new Predictor(network, weights, { backend: 'reference' }),
    loss: 'categoricalCrossentropy',
    dataset,
    coding: {
      features: [{ type: 'number', name: 'x', offset: 0, scale: 1 }],
      target: { type: 'oneHot', name: 'y', classes: ['low', 'high'] },
    },
    stop: new Int32Array(1),
  })
  // x < 0 is answered low: −1 and 1 are right, 2 is not.
  expect(evaluation).toMatchObject({
    right: 2,
    confusion: [
      [1, 1],
      [0, 1],
    ],
  })
})
