/** What is drawn of a network is in the units of the data. */
import { expect, it } from 'vitest'
import { layerSchema } from '../../src/contract/network.js'
import { drawBoundary } from '../../src/threads/draw-boundary.js'
import { packWeights } from '../../src/threads/packed-weights.js'

it('draws outputs in the unit of the target', () => {
  // z = 2 (x − 10) / 5 + 1, and the target is 100 + 50 z: 50 at x = 5, 150 at x = 10, 250 at x = 15.
  const boundary = drawBoundary(
    {
      network: {
        inputShape: [1],
        layers: [layerSchema.parse({ type: 'dense', units: 1, activation: 'linear' })],
      },
      weights: packWeights(
        new Map([
          ['layers.0.weight', { shape: [1, 1], values: Float32Array.of(2) }],
          ['layers.0.bias', { shape: [1], values: Float32Array.of(1) }],
        ]),
      ),
      coding: {
        features: [{ type: 'number', name: 'x', offset: 10, scale: 5 }],
        target: {
          type: 'number',
          names: ['y'],
          scaling: { method: 'standardize', offset: [100], scale: [50] },
        },
      },
      axes: [{ column: 'x', min: 5, max: 15 }],
      size: 3,
    },
    'reference',
  )
  expect(boundary).toMatchObject({ outputs: 1, range: [50, 250] })
  expect([...new Uint16Array(Uint8Array.from(Buffer.from(boundary.values, 'base64')).buffer)]).toEqual([
    0, 32_768, 65_535,
  ])
})
