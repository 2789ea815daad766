/** A network whose rows take long is predicted in short slices, so that other tenants do not wait. */
import { describe, expect, it } from 'vitest'
import { maximumBoundaryOperations } from '../../src/contract/boundary.js'
import { layerSchema, type Network } from '../../src/contract/network.js'
import { predictionCost } from '../../src/engine/index.js'
import { affordableSample } from '../../src/threads/affordable-sample.js'
import { drawBoundary } from '../../src/threads/draw-boundary.js'
import { packWeights } from '../../src/threads/packed-weights.js'
import { pacedRanges } from '../../src/threads/table-rows.js'
import { boundaryAxes } from '../../src/training/boundary.js'
import { generated } from '../support/generated.js'
import { newJob, openStores, xorSpec } from '../support/stores.js'

const dense = (units: number) =>
  layerSchema.parse({ type: 'dense', units, activation: 'linear', useBias: false })
const convolution = (filters: number) =>
  layerSchema.parse({ type: 'conv2d', filters, kernelSize: 5, padding: 'same', activation: 'relu' })

const small: Network = { inputShape: [2], layers: [dense(1)] }
/** 64 filters of 5 × 5 × 64 at 128 × 128 places: 3.4e9 operations a row. */
const large: Network = {
  inputShape: [1, 128, 128],
  layers: [convolution(64), convolution(64), layerSchema.parse({ type: 'flatten' }), dense(1)],
}

async function rangesOf(network: Network, rows: number) {
  const ranges: [number, number][] = []
  for await (const range of pacedRanges({ rows: new Int32Array(rows), network })) ranges.push(range)
  return ranges
}

it('evaluates a single row of a large network at a time', async () => {
  expect(predictionCost(large).flops(1)).toBeGreaterThan(3e9)
  expect(await rangesOf(large, 3)).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ])
  expect((await rangesOf(small, 100))[0]).toEqual([0, 64])
})

it('answers other calls while it draws the boundary of a large network', async () => {
  const width = 1_000
  const zeros = (rows: number, columns: number) => ({
    shape: [rows, columns],
    values: new Float32Array(rows * columns),
  })
  let turns = 0
  const turn = () => {
    turns++
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  const { range } = await drawBoundary(
    {
      network: { inputShape: [2], layers: [dense(width), dense(width), dense(1)] },
      weights: packWeights(
        new Map([
          ['layers.0.weight', zeros(width, 2)],
          ['layers.1.weight', zeros(width, width)],
          ['layers.2.weight', zeros(1, width)],
        ]),
      ),
      coding: {
        features: ['x', 'y'].map((name) => ({ type: 'number' as const, name, offset: 0, scale: 1 })),
        target: { type: 'number', names: ['z'] },
      },
      axes: ['x', 'y'].map((column) => ({ column, min: 0, max: 1 })),
      size: 32,
    },
    'wasm',
  )
  clearImmediate(next)
  expect(range).toEqual([0, 0])
  // Three slices: the 1,024 points have 2 million operations each.
  expect(turns).toBeGreaterThanOrEqual(2)
})

describe('a boundary', () => {
  it('is refused if its points need more operations than the limit', async () => {
    const stores = await openStores()
    const network = { inputShape: [2], layers: [dense(3_000), dense(3_000), dense(1)] }
    const { id } = await stores.jobs.create(newJob({ spec: xorSpec({ network }) }))
    const { jobs, datasets } = stores
    const axes = (size: number) =>
      boundaryAxes({ jobs, datasets, generated: generated.of('local') }, id, size)
    // 18 million operations a point.
    expect(64 ** 2 * 18e6).toBeLessThan(maximumBoundaryOperations)
    expect(await axes(64)).toHaveLength(2)
    await expect(axes(128)).rejects.toMatchObject({
      code: 'budget-exceeded',
      errors: [{ pointer: '/boundary' }],
    })
    await stores.close()
  })
})

it('verifies the export of a large network with few rows, and of a small one with all', () => {
  const rows = Array.from({ length: 48 }, (_, row) => row)
  expect(affordableSample(rows, small)).toEqual(rows)
  // Two rows within 1e10 operations.
  expect(affordableSample(rows, large)).toEqual([0, 24])
})
