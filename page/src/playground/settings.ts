/** The settings of the playground, its examples, and the settings that suit a dataset. */
import type { HiddenLayer } from '../components/hidden-layer.js'
import { isTruthTable, type Shape } from './data.js'
import type { Feature } from './features.js'

export const optimizers = ['adam', 'adamw', 'sgd', 'rmsprop', 'adagrad'] as const
export type OptimizerType = (typeof optimizers)[number]

export const penalties = ['none', 'l1', 'l2'] as const
export type Penalty = (typeof penalties)[number]

export interface Settings {
  shape: Shape
  /** The dataset of the shape `file`; null until a file is chosen. */
  file: string | null
  noise: number
  /** Seed of the noise. */
  dataSeed: number
  /** Inputs computed from x₁ and x₂. Those that the data do not have are ignored. */
  features: readonly Feature[]
  hidden: readonly HiddenLayer[]
  /** Trains one threshold unit by the perceptron rule. */
  perceptron: boolean
  optimizer: OptimizerType
  learningRate: number
  /** Of sgd. */
  momentum: number
  nesterov: boolean
  /** Of adam and adamw. */
  beta1: number
  beta2: number
  /** Of rmsprop. */
  rho: number
  penalty: Penalty
  penaltyRate: number
  /** Rows of a step; null for all. */
  batchSize: number | null
  /** Share of the rows that are held out for validation. */
  validationSplit: number
  /** Share of the rows that are kept apart for one test after the training. */
  testSplit: number
  epochs: number
  /** Seed of the weights, the order of the rows and the split. */
  seed: number
}

export const twoLayers: Settings = {
  shape: 'xor',
  file: null,
  noise: 0.1,
  dataSeed: 1,
  features: [],
  hidden: [{ units: 4, activation: 'tanh' }],
  perceptron: false,
  optimizer: 'adam',
  learningRate: 0.05,
  momentum: 0,
  nesterov: false,
  beta1: 0.9,
  beta2: 0.999,
  rho: 0.9,
  penalty: 'none',
  penaltyRate: 0.001,
  batchSize: 32,
  validationSplit: 0,
  testSplit: 0,
  epochs: 500,
  seed: 1,
}
const perceptron: Settings = { ...twoLayers, hidden: [], perceptron: true, epochs: 12, learningRate: 1 }
const eightUnits = { hidden: [{ units: 8, activation: 'tanh' as const }], learningRate: 0.02, epochs: 400 }
const deep = {
  noise: 0.05,
  learningRate: 0.01,
  epochs: 1_500,
  hidden: [
    { units: 16, activation: 'tanh' as const },
    { units: 16, activation: 'tanh' as const },
  ],
}

export const examples: readonly [string, Settings][] = [
  ['Perceptron on AND', { ...perceptron, shape: 'and' }],
  ['Perceptron on XOR', perceptron],
  ['Two layers on XOR', twoLayers],
  ['Moons', { ...twoLayers, ...eightUnits, shape: 'moons' }],
  ['Spirals', { ...twoLayers, ...deep, shape: 'spirals' }],
  ['Sine', { ...twoLayers, ...eightUnits, shape: 'sine', epochs: 1_500 }],
]

type Training = Pick<Settings, 'hidden' | 'perceptron' | 'optimizer' | 'learningRate' | 'epochs'>

/** A network and a training that learn this dataset. */
function suitable(shape: Shape): Training {
  const { hidden, perceptron, optimizer, learningRate, epochs } = {
    ...twoLayers,
    ...(isTruthTable(shape) ? {} : eightUnits),
    ...(shape === 'spirals' ? deep : {}),
    ...(shape === 'sine' ? { epochs: 1_500 } : {}),
  }
  return { hidden, perceptron, optimizer, learningRate, epochs }
}

/** A straight line separates the classes of these. */
const isLinear = (shape: Shape) => shape === 'and' || shape === 'or' || shape === 'blobs'

/** With higher rates, hardly any network of the playground learns. */
const highestRates: Record<OptimizerType, number> = {
  adam: 0.3,
  adamw: 0.3,
  sgd: 3,
  rmsprop: 0.3,
  adagrad: 3,
}
const fewestEpochs = 20

/** What makes the settings useless for another dataset, as a part of a sentence. Null if they may learn it. */
function obstacle(settings: Settings, shape: Shape): string | null {
  const { features, hidden, optimizer, learningRate, epochs } = settings
  if (settings.perceptron) return isTruthTable(shape) ? null : 'the perceptron takes truth tables'
  if (hidden.length === 0 && features.length === 0 && !isLinear(shape))
    return 'this dataset needs a hidden layer'
  if (hidden.some(({ activation }) => activation === 'step')) return 'step units do not learn'
  if (!(learningRate > 0) || learningRate > highestRates[optimizer]) {
    return `a learning rate of ${learningRate} is out of range for ${optimizer}`
  }
  return epochs >= fewestEpochs ? null : `${epochs} epochs are too few`
}

/** The settings for another dataset. `note` says what was replaced, because it would not learn that dataset. */
export function withShape(settings: Settings, shape: Shape): { settings: Settings; note: string | null } {
  const reason = obstacle(settings, shape)
  if (reason === null) return { settings: { ...settings, shape }, note: null }
  const next = suitable(shape)
  const sizes = next.hidden.map(({ units }) => units).join(' and ')
  return {
    settings: { ...settings, shape, ...next },
    note: `Network and training were reset to ${sizes} hidden units, ${next.optimizer}, rate ${next.learningRate} and ${next.epochs} epochs: ${reason}.`,
  }
}
