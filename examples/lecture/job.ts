/** Trainings of the lecture: bodies of `POST /jobs`. The page has no access to the schemas of the service. */

export type Layer =
  | {
      type: 'dense'
      units: number
      activation: 'linear' | 'tanh' | 'sigmoid' | 'relu' | 'softmax' | 'step'
      kernelInitializer?: 'zeros'
      useBias?: false
    }
  | { type: 'conv1d' | 'locallyConnected1d'; filters: number; kernelSize: number }
  | { type: 'conv2d'; filters: number; kernelSize: number; activation: 'relu' }
  | { type: 'maxPooling2d'; poolSize: number }
  | { type: 'flatten' }

type Optimizer =
  | { type: 'sgd'; learningRate: number; momentum?: number }
  | { type: 'adam'; learningRate: number }

export type Dataset =
  | string
  | { name: 'moons' | 'spirals' | 'circles'; rows: number; noise: number; seed: number }
  | { name: 'parity'; inputs: number }
  | { x: number[] | number[][]; y: number[] | number[][] }

export interface LectureJob {
  name: string
  dataset: Dataset
  network: { inputShape?: number[]; layers: Layer[] }
  loss: 'meanSquaredError' | 'squaredError' | 'binaryCrossentropy' | 'categoricalCrossentropy' | 'perceptron'
  optimizer: Optimizer
  schedule?: { type: 'cosine' }
  sampling?: 'sequential' | 'shuffle'
  scaling?: 'none'
  batchSize?: number | 'full'
  epochs: number
  validationSplit?: number
  seed?: number
}

export function dense(units: number, activation: Extract<Layer, { type: 'dense' }>['activation']): Layer {
  return { type: 'dense', units, activation }
}
