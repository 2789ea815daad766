/** What a prediction costs, by counts. */
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

test('of a dense layer has its products, biases and numbers, and what an operation takes', () => {
  const cost = predictionCost({ inputShape: [100], layers: [dense(50)] }).flops
  // 2 · 100 · 50 + 2 · 50 operations and 150 numbers of 20 each; 1,000 for the operation once in 64 rows.
  expect(cost(1)).toBe(10_100 + 3_000 + 1_000)
  expect(cost(64)).toBe(64 * 13_100 + 1_000)
  expect(cost(65)).toBe(65 * 13_100 + 2_000)
})

test('of a convolution counts each position, though its weights stay as few', () => {
  const [low, high] = [predictionCost(convolution(16)).flops, predictionCost(convolution(64)).flops].map(
    (cost) => cost(1),
  )
  expect(low).toBeGreaterThan(2 * 8 * 16 * 32 * 9)
  expect((high - 1_000) / (low - 1_000)).toBe(4)
})

test('of a deep network grows with its layers, though each is small', () => {
  const deep = predictionCost({ inputShape: [1], layers: Array.from({ length: 100 }, () => dense(1)) }).flops
  expect(deep(1)).toBeGreaterThan(100_000)
})
