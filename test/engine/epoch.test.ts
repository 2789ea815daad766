/** Packed metrics of epochs: views of the end, concatenation and reading. */
import { describe, expect, test } from 'vitest'
import { type EpochRun, epochsAfter, joinEpochs, readEpochs } from '../../src/engine/epoch.js'

/** Epochs whose loss is their number. */
const run = (firstEpoch: number, count: number): EpochRun => ({
  firstEpoch,
  metrics: Float64Array.from({ length: 4 * count }, (_, index) =>
    index % 4 === 0 ? firstEpoch + index / 4 : Number.NaN,
  ),
})
const losses = (epochs: EpochRun) => readEpochs(epochs).map(({ epoch, loss }) => [epoch, loss])

describe('epochs after a number', () => {
  test.each([
    [0, [5, 6, 7]],
    [4, [5, 6, 7]],
    [5, [6, 7]],
    [6, [7]],
    [7, []],
  ])('after %d', (after, numbers) => {
    expect(losses(epochsAfter(run(5, 3), after))).toEqual(numbers.map((epoch) => [epoch, epoch]))
  })
})

test('joined runs keep the order of their epochs', () => {
  expect(losses(joinEpochs([run(2, 3), run(5, 0), run(5, 2)]))).toEqual(
    [2, 3, 4, 5, 6].map((epoch) => [epoch, epoch]),
  )
})

test('an epoch has null for what was not measured, and reports divergence', () => {
  const metrics = Float64Array.of(
    0.5,
    0.25,
    2,
    1,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    Number.NaN,
    Number.NaN,
  )
  expect(readEpochs({ firstEpoch: 9, metrics })).toEqual([
    { epoch: 9, loss: 0.5, accuracy: 0.25, valLoss: 2, valAccuracy: 1 },
    { epoch: 10, loss: null, accuracy: null, valLoss: null, valAccuracy: null, diverged: true },
  ])
})
