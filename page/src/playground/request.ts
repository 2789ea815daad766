/** The job request for the settings of the playground. */
import type { JobRequest } from '../api/types.js'
import { isTruthTable, type PlaygroundRows, shapeNames } from './data.js'
import { derivedFeatures } from './features.js'
import type { Settings } from './settings.js'

export function outputLayer(
  { perceptron }: Pick<Settings, 'perceptron'>,
  { inputs, classes }: Pick<PlaygroundRows, 'inputs' | 'classes'>,
): { units: number; activation: 'linear' | 'softmax' | 'sigmoid' | 'step' } {
  if (inputs.length === 1) return { units: 1, activation: 'linear' }
  if (classes > 2) return { units: classes, activation: 'softmax' }
  return { units: 1, activation: perceptron ? 'step' : 'sigmoid' }
}

const losses = {
  linear: 'meanSquaredError',
  softmax: 'categoricalCrossentropy',
  sigmoid: 'binaryCrossentropy',
  step: 'perceptron',
} as const

export function requestFrom(settings: Settings, rows: PlaygroundRows): JobRequest {
  const { shape, epochs, seed, perceptron } = settings
  const output = outputLayer(settings, rows)
  const derived = derivedFeatures(settings.features, rows.inputs)
  const layers = [...settings.hidden, output].map((layer) => ({
    type: 'dense' as const,
    ...layer,
    // Starts at zero, as in the lecture.
    ...(perceptron ? { kernelInitializer: 'zeros' as const } : {}),
  }))
  return {
    name: `Playground: ${shapeNames[shape]}`,
    dataset: rows.dataset ?? inlineRows(rows),
    // Columns of a file may have any scale. The plot has the unit of the target.
    ...(shape === 'file' ? { scaling: 'standardize', targetScaling: 'none' } : {}),
    ...(derived.length === 0 ? {} : { derivedFeatures: derived }),
    network: { layers },
    loss: losses[output.activation],
    optimizer: optimizerFrom(settings),
    ...(settings.penalty === 'l1' && !perceptron ? { l1: settings.penaltyRate } : {}),
    epochs,
    seed,
    ...heldOutFrom(settings),
    ...(perceptron ? { sampling: 'sequential' } : {}),
    ...batchFrom(settings, rows.points.length + rows.samples.length),
  } as JobRequest
}

const inlineRows = ({ points, samples }: PlaygroundRows) =>
  samples.length > 0
    ? { x: samples.map(({ x }) => x), y: samples.map(({ y }) => y) }
    : { x: points.map(({ x, y }) => [x, y]), y: points.map(({ classIndex }) => classIndex) }

function optimizerFrom(settings: Settings): object {
  const { optimizer: type, learningRate, perceptron, penalty, penaltyRate } = settings
  if (perceptron) return { type: 'sgd', learningRate }
  // Without it, adamw would decay the weights by default.
  const weightDecay = penalty === 'l2' ? penaltyRate : 0
  return { type, learningRate, ...ownParameters(settings), weightDecay }
}

function ownParameters({ optimizer, momentum, nesterov, beta1, beta2, rho }: Settings): object {
  switch (optimizer) {
    case 'sgd':
      return { momentum, nesterov: nesterov && momentum > 0 }
    case 'adam':
    case 'adamw':
      return { beta1, beta2 }
    case 'rmsprop':
      return { rho }
    case 'adagrad':
      return {}
    default:
      return optimizer satisfies never
  }
}

/** The truth tables have too few rows to hold any out. */
function heldOutFrom({ shape, validationSplit, testSplit }: Settings): object {
  if (isTruthTable(shape)) return {}
  return {
    ...(validationSplit === 0 ? {} : { validationSplit }),
    ...(testSplit === 0 ? {} : { testSplit }),
  }
}

/** The batch size that the service takes by default, if there are as many rows. */
const usualBatch = 32

/** The service refuses a batch of more rows than it trains on, so such a batch becomes all rows. */
function batchFrom({ batchSize, perceptron, ...settings }: Settings, rows: number): object {
  if (perceptron) return { batchSize: 1 }
  if (batchSize === usualBatch) return {}
  return { batchSize: batchSize === null || batchSize >= trainingRows(settings, rows) ? 'full' : batchSize }
}

/** At least this number of rows is trained on. */
function trainingRows(settings: Pick<Settings, 'shape' | 'validationSplit' | 'testSplit'>, rows: number) {
  if (isTruthTable(settings.shape)) return rows
  return Math.floor(Math.floor(rows * (1 - settings.testSplit)) * (1 - settings.validationSplit))
}
