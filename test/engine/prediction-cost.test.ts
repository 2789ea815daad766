/** The estimated cost of predictions. */
import { expect, test } from 'vitest'
import type { Layer, Network } from '../../src/contract/network.js'
import { predictionCost } from '../../src/engine/index.js'

const dense = (units: number): Layer => ({ type: 'dense', units, activation: 'relu', useBias: true })

const convolution = (height: number): Network => ({
  inputShape: [1, height, 32],
  layers: [
    {
      type: 'conv2d',
      filters: 8,
      kernelSize: 3,
      strides: 1,
      padding: 'same',
      activation: 'relu',
      useBias: true,
    },
  ],
})

test('a dense layer costs its products, biases, values and one operation', () => {
  const cost = predictionCost({ inputShape: [100], layers: [dense(50)] }).flops
  // 2 · 100 · 50 + 2 · 50 operations and 150 numbers of 20 each; 1,000 for the operation once in 64 rows.
  expect(cost(1)).toBe(10_100 + 3_000 + 1_000)
  expect(cost(64)).toBe(64 * 13_100 + 1_000)
  expect(cost(65)).toBe(65 * 13_100 + 2_000)
})

test('a row of a batch takes four bytes for each input and output', () => {
  expect(predictionCost({ inputShape: [100], layers: [dense(50)] }).bytesPerRow).toBe(4 * (100 + 50))
})

test('a convolution costs more with more positions, despite equally many weights', () => {
  const [low, high] = [predictionCost(convolution(16)).flops, predictionCost(convolution(64)).flops].map(
    (cost) => cost(1),
  )
  expect(low).toBeGreaterThan(2 * 8 * 16 * 32 * 9)
  expect((high - 1_000) / (low - 1_000)).toBe(4)
})

test('a deep network costs more with more layers, even small ones', () => {
  const deep = predictionCost({ inputShape: [1], layers: Array.from({ length: 100 }, () => dense(1)) }).flops
  expect(deep(1)).toBeGreaterThan(100_000)
})
