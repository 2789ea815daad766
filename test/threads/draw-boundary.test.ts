/** What is drawn of a network is in the units of the data. */
import { expect, it } from 'vitest'
import { layerSchema } from '../../src/contract/network.js'
import { drawBoundary } from '../../src/threads/draw-boundary.js'
import { packWeights } from '../../src/threads/packed-weights.js'

it('draws derived features over their columns', async () => {
  // z = x · y − 1, where x · y is read as (x · y − 1) / 2.
  const boundary = await drawBoundary(
    {
      network: {
        inputShape: [3],
        layers: [layerSchema.parse({ type: 'dense', units: 1, activation: 'linear', useBias: false })],
      },
      weights: packWeights(
        new Map([['layers.0.weight', { shape: [1, 3], values: Float32Array.of(0, 0, 2) }]]),
      ),
      coding: {
        features: ['x', 'y'].map((name) => ({ type: 'number' as const, name, offset: 0.5, scale: 0.25 })),
        derived: [{ type: 'product', of: ['x', 'y'], offset: 1, scale: 2 }],
        target: { type: 'number', names: ['z'] },
      },
      axes: ['x', 'y'].map((column) => ({ column, min: 0, max: 2 })),
      size: 3,
    },
    'reference',
  )
  expect(boundary.range).toEqual([-1, 3])
  // The products of 0, 1, 2 with 0, 1, 2, of which 4 is the largest.
  const products = [0, 0, 0, 0, 1, 2, 0, 2, 4]
  const steps = [...new Uint16Array(Uint8Array.from(Buffer.from(boundary.values, 'base64')).buffer)]
  expect(steps).toEqual(products.map((product) => Math.round((65_535 * product) / 4)))
})

it('draws outputs in the unit of the target', async () => {
  // z = 2 (x − 10) / 5 + 1, and the target is 100 + 50 z: 50 at x = 5, 150 at x = 10, 250 at x = 15.
  const boundary = await drawBoundary(
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
