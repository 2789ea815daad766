/** Programs as text, compared with the files in test/golden; UPDATE_GOLDEN=1 rewrites the files. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compilePrediction } from '../../src/engine/compile.js'
import { printProgram } from '../../src/engine/print-program.js'
import { type SpecInput, trainingCase } from '../support/training-case.js'

const specs: Record<string, SpecInput> = {
  perceptron: {
    network: { inputShape: [2], layers: [{ type: 'dense', units: 1, activation: 'step' }] },
    loss: 'perceptron',
    optimizer: { type: 'sgd', learningRate: 1 },
    epochs: 10,
    batchSize: 1,
  },
  'digits-mlp': {
    network: {
      inputShape: [784],
      layers: [
        { type: 'dense', units: 128, activation: 'relu' },
        { type: 'dropout', rate: 0.2 },
        { type: 'dense', units: 10, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam' },
    epochs: 5,
    batchSize: 32,
    clipNorm: 1,
  },
  'image-cnn': {
    network: {
      inputShape: [1, 12, 12],
      layers: [
        { type: 'conv2d', filters: 8, kernelSize: 3, padding: 'same', activation: 'gelu' },
        { type: 'maxPooling2d' },
        { type: 'conv2d', filters: 16, kernelSize: 3 },
        { type: 'batchNormalization' },
        { type: 'activation', activation: 'relu' },
        { type: 'globalAveragePooling2d' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0.9 },
    epochs: 3,
    batchSize: 16,
  },
  'signal-unshared': {
    network: {
      inputShape: [2, 16],
      layers: [
        { type: 'locallyConnected1d', filters: 3, kernelSize: 4, strides: 2, activation: 'tanh' },
        { type: 'averagePooling1d', poolSize: 2 },
        { type: 'flatten' },
        { type: 'dense', units: 4 },
      ],
    },
    loss: 'huber',
    optimizer: { type: 'rmsprop' },
    epochs: 3,
    batchSize: 8,
  },
}

function goldenPath(name: string): string {
  return fileURLToPath(new URL(`../golden/${name}.txt`, import.meta.url))
}

function expectGolden(name: string, text: string): void {
  if (process.env.UPDATE_GOLDEN) writeFileSync(goldenPath(name), text)
  expect(text).toBe(readFileSync(goldenPath(name), 'utf8'))
}

test.each(Object.entries(specs))('%s', (name, spec) => {
  const { program } = trainingCase(spec, 40)
  const cost = `${program.arenaBytes} bytes, ${program.flopsPerEpoch} flops an epoch\n`
  expectGolden(name, `${printProgram(program)}${cost}`)
})

test('a prediction program', () => {
  const { program } = trainingCase(specs['image-cnn'] ?? specs.perceptron, 40)
  expectGolden('image-cnn-prediction', printProgram(compilePrediction(program.network, 64)))
})
