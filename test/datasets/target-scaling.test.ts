/** Number targets are scaled for training, and converted back to their own unit. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Scaling } from '../../src/contract/dataset.js'
import { Evaluator } from '../../src/datasets/evaluation.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { decode } from '../../src/datasets/prediction.js'
import { scaleTarget, unscaleTarget } from '../../src/datasets/target-scaling.js'
import { encoded } from '../support/encoding.js'
import { prepared, reading } from '../support/prepared.js'

const prices = [250_000, 310_000, 199_500, 1_250_000, 475_250.5]
const houses = tableFromInline({ x: [1, 2, 3, 4, 5, 6], y: [...prices, 496_950.1] })
const linear = { outputs: 1, loss: 'meanSquaredError' } as const
const trainingRows = { rows: [0, 1, 2, 3, 4] }

test('standardizes by mean and population deviation of the training rows', () => {
  const { coding, trainingY, validationY } = encoded(
    houses,
    { ...linear, targetScaling: 'standardize' },
    trainingRows,
  )
  // numpy: y.mean(), y.std() and ((y − y.mean()) / y.std()).astype(float32) of the five training rows.
  expect(coding.target).toMatchObject({
    scaling: {
      method: 'standardize',
      offset: [expect.closeTo(496_950.1, 8)],
      scale: [expect.closeTo(387_805.69317641534, 8)],
    },
  })
  expect([...trainingY]).toEqual([
    -0.6367882490158081, -0.48207157850265503, -0.7670080661773682, 1.9418226480484009, -0.05595482513308525,
  ])
  expect([...validationY]).toEqual([0])
  for (const [row, price] of prices.entries()) {
    expect(unscaleTarget(coding.target, 0, trainingY[row])).toBeCloseTo(price, 0)
  }
})

test('scales to 0 … 1 with minMax', () => {
  const { coding, trainingY } = encoded(houses, { ...linear, targetScaling: 'minMax' }, trainingRows)
  expect(coding.target).toMatchObject({
    scaling: { method: 'minMax', offset: [199_500], scale: [1_050_500] },
  })
  expect(trainingY[2]).toBe(0)
  expect(trainingY[3]).toBe(1)
})

test('scales several targets separately; a constant has scale 1', () => {
  const table = tableFromInline({
    x: [1, 2],
    y: [
      [1, 7],
      [3, 7],
    ],
  })
  const { coding, trainingY } = encoded(table, { ...linear, outputs: 2, targetScaling: 'standardize' })
  expect(coding.target).toMatchObject({ scaling: { offset: [2, 7], scale: [1, 1] } })
  expect([...trainingY]).toEqual([-1, 0, 1, 0])
})

test('does not change predictions and evaluations, which have the unit of the target', () => {
  const target = {
    type: 'number' as const,
    names: ['price'],
    scaling: { method: 'standardize' as const, offset: [400_000], scale: [100_000] },
  }
  const reading = { lastActivation: 'linear', loss: 'meanSquaredError' } as const
  expect(decode({ features: [], target }, [1.5], reading)).toEqual({ output: [550_000] })
  const rows = { rows: 'validation' as const, available: 2, count: 2 }
  const evaluator = new Evaluator(target, { loss: 'meanSquaredError', isBinary: false }, rows)
  evaluator.add([0], [1])
  evaluator.add([2], [2])
  // Prices 400,000 and 600,000, predicted as 500,000 and 600,000: √(10¹⁰ / 2), 10⁵ / 2, 1 − 10¹⁰ / (2 · 10¹⁰).
  expect(evaluator.result()).toMatchObject({
    type: 'regression',
    targets: [{ rmse: expect.closeTo(Math.sqrt(5e9), 6), mae: 50_000, r2: 0.5 }],
  })
})

test('does not change classes, targets of 0 and 1, or targets without scaling', async () => {
  const scaled = { targetScaling: 'standardize' } as const
  const bits = tableFromInline({ x: [1, 2], y: [0, 1] })
  expect(encoded(bits, { outputs: 1, loss: 'squaredError', ...scaled }).coding.target).not.toHaveProperty(
    'scaling',
  )
  const classes = await prepared(reading({ a: [[1, 2]], y: [['no', 'yes']] }))
  expect(encoded(classes, { ...linear, ...scaled }).trainingY).toEqual(Float32Array.of(0, 1))
  expect(encoded(houses, linear).coding.target).not.toHaveProperty('scaling')
})

test('unscaling is the inverse of scaling, except for rounding', () => {
  const methods = fc.constantFrom<Scaling>('standardize', 'minMax', 'none')
  const targets = fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 2, maxLength: 20 })
  fc.assert(
    fc.property(targets, methods, (y, targetScaling) => {
      const table = tableFromInline({ x: y, y })
      const { coding } = encoded(table, { ...linear, targetScaling })
      for (const value of y) {
        const back = unscaleTarget(coding.target, 0, scaleTarget(coding.target, 0, value))
        expect(Math.abs(back - value)).toBeLessThan(1e-5)
      }
    }),
  )
})
