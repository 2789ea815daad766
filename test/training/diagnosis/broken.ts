/** Trainings that are broken on purpose. */
import { depthJob, parity, spirals } from '../../../examples/lecture/depth-tasks.js'
import type { FindingCode } from '../../../src/contract/diagnosis.js'
import type { EngineTraining, RequestInput } from '../../support/engine-training.js'
import {
  adam,
  binary,
  classes,
  dense,
  digits,
  hardThenEasy,
  type LayerInput,
  moons,
  randomAnswers,
  regression,
  scaledBy,
  sgd,
  split,
  surface,
} from './ingredients.js'

export interface Broken {
  code: FindingCode
  request: RequestInput
  /** The epoch from which the history shows the fault; 1 for a fault of the spec or the data. */
  showsFrom(training: EngineTraining): number
  /** What has to improve with the patch; the validation loss by default. */
  better?: 'rmse' | 'recall'
}

const atOnce = () => 1
const lowest =
  (metric: 'loss' | 'valLoss') =>
  ({ epochs }: EngineTraining) => {
    const values = epochs.map((epoch) => epoch[metric] ?? Number.POSITIVE_INFINITY)
    return 1 + values.indexOf(Math.min(...values))
  }
const firstBelow =
  (limit: number) =>
  ({ epochs }: EngineTraining) =>
    1 + epochs.findIndex(({ loss }) => loss !== null && loss < limit)
/** The first epoch that is as good as the second half of the training. */
const flat = ({ epochs }: EngineTraining) => {
  const late = epochs
    .slice(epochs.length / 2)
    .map(({ loss }) => loss ?? 0)
    .toSorted((a, b) => a - b)
  const middle = late[Math.floor(late.length / 2)] ?? 0
  return 1 + epochs.findIndex(({ loss }) => loss !== null && loss <= middle)
}
/** The epoch after which no loss is below 0.9 of a constant prediction's. */
const stuck = ({ epochs }: EngineTraining) =>
  2 + epochs.findLastIndex(({ loss }) => (loss ?? 0) < 0.9 * Math.LN2)
const perfect = ({ epochs }: EngineTraining) =>
  1 +
  epochs.findIndex(
    ({ valAccuracy, valLoss }) =>
      (valAccuracy ?? 0) >= 0.99 || (valAccuracy === null && (valLoss ?? 1) < 0.02),
  )
/** The epoch after which each validation loss is less than 0.7 of the training loss. */
const easier = ({ epochs }: EngineTraining) =>
  2 + epochs.findLastIndex(({ loss, valLoss }) => (valLoss ?? 0) >= 0.7 * (loss ?? 0))

const layers = (count: number, layer: LayerInput) => Array.from({ length: count }, () => layer)
const zeros = (units: number): LayerInput => ({
  type: 'dense',
  units,
  activation: 'relu',
  kernelInitializer: 'zeros',
})

/** With statistics of the layers. */
const brokenLayers: Readonly<Record<string, Broken>> = {
  'relu from zeros on moons': {
    code: 'dead-units',
    request: { dataset: moons(400, 0.15), ...binary(zeros(16)), ...adam(0.01), epochs: 60, ...split },
    showsFrom: atOnce,
  },
  'relu from zeros on digits': {
    code: 'dead-units',
    request: { ...digits, ...classes(10, zeros(32)), ...adam(0.003), epochs: 30 },
    showsFrom: atOnce,
  },
  'adam of 0.1 on digits': {
    code: 'dead-units',
    request: { ...digits, ...classes(10, dense(64, 'relu'), dense(64, 'relu')), ...adam(0.1), epochs: 30 },
    showsFrom: atOnce,
  },
  'adam of 1 on tanh': {
    code: 'saturated-units',
    request: {
      dataset: moons(400, 0.15),
      ...binary(dense(16, 'tanh'), dense(16, 'tanh')),
      ...adam(1),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'adam of 1 on sigmoids': {
    code: 'saturated-units',
    request: {
      ...digits,
      ...classes(10, dense(32, 'sigmoid'), dense(32, 'sigmoid')),
      ...adam(1),
      epochs: 30,
    },
    showsFrom: atOnce,
  },
  'six layers of sigmoids': {
    code: 'vanishing-gradient',
    request: {
      dataset: moons(400, 0.15),
      ...binary(...layers(6, dense(8, 'sigmoid'))),
      ...sgd(0.1),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'eight layers of sigmoids on iris': {
    code: 'vanishing-gradient',
    request: {
      dataset: 'iris',
      ...classes(3, ...layers(8, dense(8, 'sigmoid'))),
      ...adam(0.001),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'momentum in four layers': {
    code: 'exploding-gradient',
    request: {
      dataset: surface(300, 0.1),
      ...regression(...layers(4, dense(32, 'relu'))),
      ...sgd(0.05, 0.9),
      batchSize: 'full',
      epochs: 50,
      ...split,
    },
    showsFrom: lowest('loss'),
  },
  'long steps in four layers': {
    code: 'exploding-gradient',
    request: {
      dataset: surface(300, 0.1),
      ...regression(...layers(4, dense(32, 'relu'))),
      ...sgd(0.15),
      batchSize: 'full',
      epochs: 50,
      ...split,
    },
    showsFrom: lowest('loss'),
  },
}

export const broken: Readonly<Record<string, Broken>> = {
  ...Object.fromEntries(
    Object.entries(brokenLayers).map(([name, each]) => [
      name,
      { ...each, request: { ...each.request, watch: 'diagnose' as const } },
    ]),
  ),
  'sgd of 3 diverges': {
    code: 'learning-rate-too-high',
    request: {
      dataset: surface(300, 0.1),
      ...regression(dense(16, 'relu')),
      ...sgd(3),
      epochs: 50,
      ...split,
    },
    showsFrom: atOnce,
  },
  'adam of 2 on moons': {
    code: 'learning-rate-too-high',
    request: {
      dataset: moons(400, 0.15),
      ...binary(dense(16, 'relu'), dense(16, 'relu')),
      ...adam(2),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'adam of 1 on digits': {
    code: 'learning-rate-too-high',
    request: { ...digits, ...classes(10, dense(32, 'relu')), ...adam(1), epochs: 30 },
    showsFrom: atOnce,
  },
  'momentum with 3 on iris': {
    code: 'learning-rate-too-high',
    request: {
      dataset: 'iris',
      ...classes(3, dense(16, 'relu'), dense(16, 'relu')),
      ...sgd(3, 0.9),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'slightly above the limit of stability': {
    code: 'divergence-coming',
    request: {
      dataset: surface(200, 0.1),
      ...regression(),
      ...sgd(1.03),
      batchSize: 'full',
      epochs: 80,
      ...split,
    },
    showsFrom: lowest('loss'),
  },
  'momentum above the limit': {
    code: 'divergence-coming',
    request: {
      dataset: surface(200, 0.1),
      ...regression(),
      ...sgd(1.92, 0.9),
      batchSize: 'full',
      epochs: 100,
      ...split,
    },
    showsFrom: lowest('loss'),
  },
  'sgd of 0.0001 on iris': {
    code: 'learning-rate-too-low',
    request: { dataset: 'iris', ...classes(3, dense(16, 'relu')), ...sgd(0.0001), epochs: 60, ...split },
    showsFrom: atOnce,
  },
  'adam of 0.000003 on moons': {
    code: 'learning-rate-too-low',
    request: { dataset: moons(400, 0.15), ...binary(dense(16, 'relu')), ...adam(3e-6), epochs: 50, ...split },
    showsFrom: atOnce,
  },
  'adam of 0.000002 on digits': {
    code: 'learning-rate-too-low',
    request: { ...digits, ...classes(10, dense(32, 'relu')), ...adam(2e-6), epochs: 30 },
    showsFrom: atOnce,
  },
  'all moons at once': {
    code: 'batch-too-large',
    request: {
      dataset: moons(1000, 0.15),
      ...binary(dense(16, 'relu')),
      ...adam(0.001),
      batchSize: 'full',
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'all digits at once': {
    code: 'batch-too-large',
    request: { ...digits, batchSize: 'full', ...classes(10, dense(32, 'relu')), ...sgd(0.01), epochs: 40 },
    showsFrom: atOnce,
  },
  'two batches of iris': {
    code: 'batch-too-large',
    request: {
      dataset: 'iris',
      batchSize: 60,
      ...classes(3, dense(16, 'relu')),
      ...adam(0.0003),
      epochs: 50,
      ...split,
    },
    showsFrom: atOnce,
  },
  'a straight line through circles': {
    code: 'underfitting',
    request: {
      dataset: { name: 'circles', rows: 400, noise: 0.05, seed: 1 },
      ...binary(),
      ...adam(0.01),
      epochs: 100,
      ...split,
    },
    showsFrom: flat,
  },
  'one unit on xor': {
    code: 'underfitting',
    request: {
      dataset: { name: 'parity', inputs: 2, rows: 200 },
      ...binary(),
      ...adam(0.02),
      epochs: 100,
      ...split,
    },
    showsFrom: flat,
  },
  'weight decay of 1': {
    code: 'underfitting',
    request: {
      dataset: moons(400, 0.15),
      ...binary(dense(16, 'relu')),
      ...adam(0.01, 1),
      epochs: 100,
      ...split,
    },
    showsFrom: stuck,
  },
  'five layers of sigmoids': {
    code: 'underfitting',
    request: {
      dataset: moons(400, 0.15),
      ...binary(...Array.from({ length: 6 }, () => dense(8, 'sigmoid'))),
      ...sgd(0.1),
      epochs: 60,
      ...split,
    },
    showsFrom: flat,
  },
  'noise of single rows': {
    code: 'plateau',
    request: {
      dataset: surface(300, 0.3),
      ...regression(dense(16, 'tanh')),
      ...sgd(0.3),
      batchSize: 4,
      epochs: 100,
      ...split,
    },
    showsFrom: flat,
  },
  'noise of adam': {
    code: 'plateau',
    request: {
      dataset: moons(1000, 0.4),
      ...binary(dense(8, 'relu')),
      ...adam(0.1),
      batchSize: 4,
      epochs: 100,
      ...split,
    },
    showsFrom: flat,
  },
  'random labels of points': {
    code: 'shuffled-labels',
    request: {
      dataset: randomAnswers(),
      ...binary(dense(64, 'relu'), dense(64, 'relu')),
      ...adam(0.01),
      epochs: 120,
      ...split,
    },
    showsFrom: firstBelow(0.8 * Math.LN2),
  },
  'random labels of digits': {
    code: 'shuffled-labels',
    request: {
      dataset: 'ds_randomDigits',
      ...classes(10, dense(64, 'relu')),
      ...adam(0.003),
      epochs: 60,
      ...split,
    },
    showsFrom: firstBelow(0.8 * Math.log(10)),
  },
  'many units on few moons': {
    code: 'overfitting',
    request: {
      dataset: moons(80, 0.4),
      ...binary(dense(64, 'relu'), dense(64, 'relu')),
      ...adam(0.01),
      epochs: 150,
      validationSplit: 0.5,
    },
    showsFrom: lowest('valLoss'),
  },
  'many units on few digits': {
    code: 'overfitting',
    request: {
      dataset: 'ds_fewDigits',
      ...classes(10, dense(128, 'relu'), dense(128, 'relu')),
      ...adam(0.01),
      epochs: 100,
      validationSplit: 0.4,
    },
    showsFrom: lowest('valLoss'),
  },
  'many units on few numbers': {
    code: 'overfitting',
    request: {
      dataset: surface(80, 1),
      ...regression(dense(64, 'relu'), dense(64, 'relu')),
      ...adam(0.01),
      epochs: 200,
      validationSplit: 0.5,
    },
    showsFrom: lowest('valLoss'),
  },
  'validation without noise': {
    code: 'validation-easier',
    request: {
      dataset: moons(400, 0.4),
      validationDataset: moons(200, 0.1, 2),
      ...binary(dense(16, 'relu')),
      ...adam(0.01),
      epochs: 60,
    },
    showsFrom: easier,
  },
  'the last rows are easy': {
    code: 'validation-easier',
    request: {
      dataset: hardThenEasy(),
      split: 'chronological',
      ...regression(dense(8, 'tanh')),
      ...adam(0.01),
      epochs: 80,
      ...split,
    },
    showsFrom: atOnce,
  },
  'a code of the class': {
    code: 'possible-leak',
    request: { dataset: 'ds_code', ...binary(dense(8, 'relu')), ...adam(0.01), epochs: 50, ...split },
    showsFrom: perfect,
  },
  'the target in another unit': {
    code: 'possible-leak',
    request: { dataset: 'ds_copy', ...regression(dense(8, 'tanh')), ...adam(0.01), epochs: 80, ...split },
    showsFrom: perfect,
  },
  'one row of twenty': {
    code: 'imbalance-ignored',
    request: { dataset: 'ds_rare', ...binary(dense(8, 'relu')), ...adam(0.003), epochs: 60, ...split },
    showsFrom: atOnce,
    better: 'recall',
  },
  'three rows of a hundred': {
    code: 'imbalance-ignored',
    request: { dataset: 'ds_rarer', ...binary(dense(8, 'relu')), ...adam(0.003), epochs: 40, ...split },
    showsFrom: atOnce,
    better: 'recall',
  },
  'a column in thousands': {
    code: 'unscaled-input',
    request: {
      dataset: scaledBy(surface(300, 0.1), 5000, 1),
      ...regression(dense(16, 'relu')),
      ...adam(0.01),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
  },
  'pixels up to 256': {
    code: 'unscaled-input',
    request: {
      dataset: 'ds_largeDigits',
      scaling: 'none',
      ...classes(10, dense(32, 'relu')),
      ...sgd(0.05),
      epochs: 30,
      ...split,
    },
    showsFrom: atOnce,
  },
  prices: {
    code: 'unscaled-target',
    request: {
      dataset: scaledBy(surface(300, 0.1), 1, 50_000, 200_000),
      ...regression(dense(16, 'relu')),
      ...adam(0.01),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
    better: 'rmse',
  },
  'tiny targets': {
    code: 'unscaled-target',
    request: {
      dataset: scaledBy(surface(300, 0.1), 1, 0.0005),
      ...regression(dense(16, 'tanh')),
      ...sgd(0.05),
      epochs: 60,
      ...split,
    },
    showsFrom: atOnce,
    better: 'rmse',
  },
  'always 3': {
    code: 'constant-target',
    request: {
      dataset: { x: surface(60, 0).x, y: Array.from({ length: 60 }, () => 3) },
      ...regression(dense(4, 'tanh')),
      ...adam(0.01),
      epochs: 30,
      ...split,
    },
    showsFrom: atOnce,
  },
  'always yes': {
    code: 'constant-target',
    request: {
      dataset: { x: surface(60, 0).x, y: Array.from({ length: 60 }, () => 1) },
      ...binary(dense(4, 'tanh')),
      ...adam(0.01),
      epochs: 30,
      ...split,
    },
    showsFrom: atOnce,
  },
  'digits without scaling': {
    code: 'initial-loss',
    request: { ...digits, scaling: 'none', ...classes(10, dense(32, 'relu')), ...adam(0.001), epochs: 30 },
    showsFrom: atOnce,
  },
  'wide digits without scaling': {
    code: 'initial-loss',
    request: {
      dataset: 'ds_fewDigits',
      scaling: 'none',
      ...classes(10, dense(256, 'relu'), dense(256, 'relu')),
      ...adam(0.0005),
      epochs: 30,
      ...split,
    },
    showsFrom: atOnce,
  },
  'a collapse of all units': {
    code: 'learning-rate-too-high',
    request: {
      dataset: 'iris',
      ...classes(3, dense(16, 'relu'), dense(16, 'relu')),
      ...sgd(0.9, 0.9),
      epochs: 40,
      ...split,
    },
    showsFrom: lowest('loss'),
  },
  'depth 1 on spirals': {
    code: 'underfitting',
    request: depthJob(spirals, [112], 0.01, 1),
    showsFrom: atOnce,
  },
  'depth 1 on parity': { code: 'underfitting', request: depthJob(parity, [56], 0.01, 1), showsFrom: atOnce },
}
