/**
 * The fixed workloads: networks, synthetic data, and the work of a run. float32 data in memory, shuffled every epoch except
 * for XOR, which is one batch. Inputs are uniform in [−1, 1), with labels of a random linear teacher. With random labels
 * and inputs from 0, relu units die within an epoch, and denormal numbers dominate the time.
 */
import type { TrainingSpec } from '../src/contract/network.js'
import { trainingSchema } from '../src/contract/network.js'
import { elementCount } from '../src/engine/index.js'

export type WorkloadName = 'W1' | 'W2' | 'W3' | 'W4' | 'W5' | 'W6' | 'W7' | 'W8' | 'P1' | 'P2'

interface Common {
  readonly network: TrainingSpec['network']
  readonly rows: number
  readonly classes: number
}

export type Workload =
  | (Common & {
      readonly type: 'training'
      readonly spec: TrainingSpec
      readonly epochs: number
      readonly metric: 'steps/s' | 'samples/s'
    })
  | (Common & { readonly type: 'prediction'; readonly calls: number; readonly metric: 'calls/s' | 'rows/s' })

type Layers = Parameters<typeof trainingSchema.parse>[0]

function perceptron(widths: readonly number[], hidden: string, last: string): unknown[] {
  return widths.map((units, i) => ({
    type: 'dense',
    units,
    activation: i === widths.length - 1 ? last : hidden,
  }))
}

function training(
  inputShape: number[],
  layers: unknown[],
  rows: number,
  classes: number,
  epochs: number,
  rest: Record<string, unknown>,
): Workload {
  const settings: Layers = {
    network: { inputShape, layers },
    loss: 'categoricalCrossentropy',
    epochs,
    ...rest,
  }
  const spec = trainingSchema.parse(settings)
  const metric = rest.batchSize === 'full' ? 'steps/s' : 'samples/s'
  return { type: 'training', network: spec.network, spec, rows, classes, epochs, metric }
}

function prediction(rows: number, calls: number): Workload {
  const { network } = trainingSchema.parse({
    network: { inputShape: [784], layers: perceptron([128, 10], 'relu', 'softmax') },
    loss: 'categoricalCrossentropy',
    epochs: 1,
  })
  const metric = rows === 1 ? 'calls/s' : 'rows/s'
  return { type: 'prediction', network, rows, classes: 10, calls, metric }
}

const momentum = { type: 'sgd', learningRate: 0.001, momentum: 0.9 }
const dense = (inputs: number, widths: number[], rows: number, epochs: number, batchSize: number) =>
  training([inputs], perceptron(widths, 'relu', 'softmax'), rows, widths.at(-1) ?? 0, epochs, { batchSize })

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  W1: training([2], perceptron([4, 1], 'sigmoid', 'sigmoid'), 4, 1, 10_000, {
    loss: 'squaredError',
    optimizer: { ...momentum, learningRate: 0.5 },
    batchSize: 'full',
    sampling: 'sequential',
  }),
  W2: dense(4, [16, 3], 150, 200, 16),
  W3: dense(64, [64, 10], 1797, 20, 32),
  W4: dense(784, [128, 10], 60_000, 1, 32),
  W5: dense(784, [512, 512, 10], 60_000, 1, 128),
  W6: training([1024], perceptron([2048, 2048, 1000], 'relu', 'softmax'), 10_240, 1000, 1, {
    batchSize: 256,
    optimizer: momentum,
  }),
  W7: training(
    [1, 28, 28],
    [
      { type: 'conv2d', filters: 8, kernelSize: 5, activation: 'relu' },
      { type: 'maxPooling2d' },
      { type: 'conv2d', filters: 16, kernelSize: 5, activation: 'relu' },
      { type: 'maxPooling2d' },
      { type: 'flatten' },
      ...perceptron([64, 10], 'relu', 'softmax'),
    ],
    10_000,
    10,
    1,
    { batchSize: 64 },
  ),
  W8: training(
    [1, 128],
    [
      { type: 'conv1d', filters: 16, kernelSize: 3, activation: 'relu' },
      { type: 'conv1d', filters: 32, kernelSize: 3, activation: 'relu' },
      { type: 'globalAveragePooling1d' },
      { type: 'dense', units: 4, activation: 'softmax' },
    ],
    10_000,
    4,
    1,
    { batchSize: 32 },
  ),
  P1: prediction(1, 5000),
  P2: prediction(10_000, 1),
}

export const workloadNames = Object.keys(workloads).filter(isWorkload)

export function isWorkload(name: string): name is WorkloadName {
  return name in workloads
}

/** xorshift32: the same data every time. */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

/** x [rows, features] and one-hot y [rows, classes]; XOR's four rows for W1. */
export function createData(name: WorkloadName): { x: Float32Array; y: Float32Array } {
  if (name === 'W1') return { x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), y: Float32Array.of(0, 1, 1, 0) }
  const { network, rows, classes } = workloads[name]
  const features = elementCount(network.inputShape ?? [])
  const random = uniform(7)
  const seen = Math.min(64, features)
  const teacher = Float32Array.from({ length: seen * classes }, () => random() * 2 - 1)
  const x = Float32Array.from({ length: rows * features }, () => random() * 2 - 1)
  const y = new Float32Array(rows * classes)
  const scores = new Float32Array(classes)
  for (let row = 0; row < rows; row++) {
    scores.fill(0)
    for (let i = 0; i < seen; i++) {
      const value = x[row * features + i] ?? 0
      for (let c = 0; c < classes; c++) scores[c] = (scores[c] ?? 0) + value * (teacher[i * classes + c] ?? 0)
    }
    y[row * classes + scores.indexOf(Math.max(...scores))] = 1
  }
  return { x, y }
}
