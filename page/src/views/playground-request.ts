/** The settings of the playground, its examples, and the job request built from the settings. */
import type { JobRequest } from '../api/types.js'
import type { HiddenLayer } from '../components/hidden-layer.js'
import type { Point } from '../draw/plane.js'
import { generatePoints, isTruthTable, type Shape, shapeNames, sineSamples } from './playground-data.js'

type OptimizerName = 'adam' | 'sgd' | 'momentum'

export interface Settings {
  shape: Shape
  noise: number
  hidden: HiddenLayer[]
  optimizer: OptimizerName
  learningRate: number
  epochs: number
  /** Trains one threshold unit by the perceptron rule. */
  perceptron: boolean
}

export const twoLayers: Settings = {
  shape: 'xor',
  noise: 0.1,
  hidden: [{ units: 4, activation: 'tanh' }],
  optimizer: 'adam',
  learningRate: 0.05,
  epochs: 500,
  perceptron: false,
}
const perceptron = { ...twoLayers, hidden: [], perceptron: true, epochs: 12, learningRate: 1 }
const wider = { hidden: [{ units: 8, activation: 'tanh' as const }], learningRate: 0.02, epochs: 400 }

export const examples: readonly [string, Settings][] = [
  ['Perceptron on AND', { ...perceptron, shape: 'and' }],
  ['Perceptron on XOR', perceptron],
  ['Two layers on XOR', twoLayers],
  ['Moons', { ...twoLayers, ...wider, shape: 'moons' }],
  [
    'Spirals',
    {
      ...twoLayers,
      shape: 'spirals',
      noise: 0.05,
      learningRate: 0.01,
      epochs: 1_500,
      hidden: [
        { units: 16, activation: 'tanh' },
        { units: 16, activation: 'tanh' },
      ],
    },
  ],
  ['Sine', { ...twoLayers, ...wider, shape: 'sine', epochs: 1_500 }],
]

export function outputLayer(
  { shape, perceptron }: Settings,
  classes: number,
): { units: number; activation: 'linear' | 'softmax' | 'sigmoid' | 'step' } {
  if (shape === 'sine') return { units: 1, activation: 'linear' }
  if (classes > 2) return { units: classes, activation: 'softmax' }
  return { units: 1, activation: perceptron ? 'step' : 'sigmoid' }
}

export function requestFrom(settings: Settings, clicked: readonly Point[]): JobRequest {
  const { shape, noise, hidden, optimizer, learningRate, epochs, perceptron } = settings
  const points = generatePoints(shape, noise, clicked)
  const samples = sineSamples(noise)
  const output = outputLayer(settings, new Set(points.map(({ classIndex }) => classIndex)).size)
  const dataset = isTruthTable(shape)
    ? shape
    : shape === 'sine'
      ? { x: samples.map(({ x }) => x), y: samples.map(({ y }) => y) }
      : { x: points.map(({ x, y }) => [x, y]), y: points.map(({ classIndex }) => classIndex) }
  const losses = {
    linear: 'meanSquaredError',
    softmax: 'categoricalCrossentropy',
    sigmoid: 'binaryCrossentropy',
    step: 'perceptron',
  } as const
  const dense = [...hidden, output].map((layer) => ({
    type: 'dense' as const,
    ...layer,
    // Starts at zero, as in the lecture.
    ...(perceptron ? { kernelInitializer: 'zeros' as const } : {}),
  }))
  return {
    name: `Playground: ${shapeNames[shape]}`,
    dataset,
    network: { layers: dense },
    loss: losses[output.activation],
    optimizer:
      perceptron || optimizer === 'sgd'
        ? { type: 'sgd', learningRate }
        : optimizer === 'momentum'
          ? { type: 'sgd', learningRate, momentum: 0.9 }
          : { type: 'adam', learningRate },
    epochs,
    ...(perceptron ? { batchSize: 1, sampling: 'sequential' as const } : {}),
  } as JobRequest
}
