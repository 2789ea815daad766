/** Networks for the tests of export formats: every layer, activation and ending, and random ones. */
import fc from 'fast-check'
import type { TargetCoding } from '../../src/contract/dataset.js'
import { activationSchema, type Loss, networkSchema } from '../../src/contract/network.js'
import { compilePrediction } from '../../src/engine/index.js'
import { type Exportable, exportable } from './export-cases.js'
import { randomTrainings } from './random-training.js'
import type { SpecInput } from './training-case.js'

type LayerInput = SpecInput['network']['layers'][number]
type Activation = (typeof activations)[number]

const activations = activationSchema.options.filter((name) => name !== 'softmax')

interface Body {
  inputShape: number[]
  layers: (activation: Activation) => LayerInput[]
}

const image = [2, 5, 7]
const signal = [3, 11]

/** Layers with weights and the layer `activation`, over every kind of input, stride and padding. */
const activated: Readonly<Record<string, Body>> = {
  dense: { inputShape: [6], layers: (activation) => [{ type: 'dense', units: 5, activation }] },
  'dense without bias': {
    inputShape: [6],
    layers: (activation) => [{ type: 'dense', units: 5, useBias: false, activation }],
  },
  conv1d: {
    inputShape: signal,
    layers: (activation) => [
      { type: 'conv1d', filters: 4, kernelSize: 3, strides: 2, activation },
      { type: 'flatten' },
    ],
  },
  'conv1d, same': {
    inputShape: signal,
    layers: (activation) => [
      { type: 'conv1d', filters: 4, kernelSize: 4, strides: 3, padding: 'same', activation },
      { type: 'globalAveragePooling1d' },
    ],
  },
  conv2d: {
    inputShape: image,
    layers: (activation) => [
      { type: 'conv2d', filters: 3, kernelSize: [2, 3], strides: [1, 2], useBias: false, activation },
      { type: 'flatten' },
    ],
  },
  'conv2d, same': {
    inputShape: image,
    layers: (activation) => [
      { type: 'conv2d', filters: 3, kernelSize: [4, 3], strides: 2, padding: 'same', activation },
      { type: 'conv2d', filters: 2, kernelSize: 2, padding: 'same', activation },
      { type: 'flatten' },
    ],
  },
  locallyConnected1d: {
    inputShape: signal,
    layers: (activation) => [
      { type: 'locallyConnected1d', filters: 2, kernelSize: 3, strides: 2, activation },
      { type: 'flatten' },
    ],
  },
  locallyConnected2d: {
    inputShape: image,
    layers: (activation) => [
      { type: 'locallyConnected2d', filters: 2, kernelSize: [2, 3], strides: [1, 2], activation },
      { type: 'flatten' },
    ],
  },
  'activation over an image': {
    inputShape: image,
    layers: (activation) => [{ type: 'activation', activation }, { type: 'flatten' }],
  },
}

/** Layers without an activation. */
const plain: Readonly<Record<string, { inputShape: number[]; layers: LayerInput[] }>> = {
  'pooling of signals': {
    inputShape: signal,
    layers: [
      { type: 'maxPooling1d', poolSize: 2, strides: 1 },
      { type: 'averagePooling1d', poolSize: 3, strides: 2 },
      { type: 'flatten' },
    ],
  },
  'pooling of images': {
    inputShape: image,
    layers: [
      { type: 'maxPooling2d', poolSize: [1, 2], strides: 1 },
      { type: 'averagePooling2d', poolSize: 2, strides: [1, 2] },
      { type: 'flatten' },
    ],
  },
  'global pooling': { inputShape: image, layers: [{ type: 'globalAveragePooling2d' }] },
  'batchNormalization of rows': {
    inputShape: [6],
    layers: [
      { type: 'batchNormalization', epsilon: 0.01 },
      { type: 'dropout', rate: 0.5 },
    ],
  },
  'batchNormalization of signals': {
    inputShape: signal,
    layers: [{ type: 'batchNormalization' }, { type: 'flatten' }, { type: 'batchNormalization' }],
  },
  'batchNormalization of images': {
    inputShape: image,
    layers: [{ type: 'batchNormalization' }, { type: 'flatten' }],
  },
  'reshape to an image': {
    inputShape: [24],
    layers: [
      { type: 'reshape', targetShape: [2, 3, 4] },
      { type: 'conv2d', filters: 2, kernelSize: 2 },
      { type: 'flatten' },
    ],
  },
  'reshape of an image': {
    inputShape: [2, 3, 4],
    layers: [
      { type: 'reshape', targetShape: [4, 6] },
      { type: 'maxPooling1d' },
      { type: 'reshape', targetShape: [12] },
    ],
  },
  'flatten without a dense layer after it': {
    inputShape: [2, 3, 2],
    layers: [{ type: 'flatten' }, { type: 'reshape', targetShape: [3, 4] }, { type: 'flatten' }],
  },
}

interface Ending {
  units: number
  activation: NonNullable<Extract<LayerInput, { activation?: unknown }>['activation']>
  loss: Loss
  target: TargetCoding
  threshold?: number
}

const two = ['no', 'yes']
const three = ['red', 'green "x"', 'blue?']

export const endings: Readonly<Record<string, Ending>> = {
  numbers: {
    units: 2,
    activation: 'linear',
    loss: 'huber',
    target: { type: 'number', names: ['a', 'b'] },
  },
  'scaled number': {
    units: 1,
    activation: 'linear',
    loss: 'meanSquaredError',
    target: {
      type: 'number',
      names: ['price'],
      scaling: { method: 'minMax', offset: [-250], scale: [1_200] },
    },
  },
  'two classes, sigmoid, threshold': {
    units: 1,
    activation: 'sigmoid',
    loss: 'binaryCrossentropy',
    target: { type: 'binary', name: 'class', classes: two },
    threshold: 0.3,
  },
  'two classes, tanh': {
    units: 1,
    activation: 'tanh',
    loss: 'squaredError',
    target: { type: 'binary', name: 'class', classes: two },
  },
  'two classes, hinge': {
    units: 1,
    activation: 'linear',
    loss: 'hinge',
    target: { type: 'binary', name: 'class', classes: two },
  },
  'two classes, softmax, threshold': {
    units: 2,
    activation: 'softmax',
    loss: 'categoricalCrossentropy',
    target: { type: 'oneHot', name: 'class', classes: two },
    threshold: 0.55,
  },
  'three classes, softmax': {
    units: 3,
    activation: 'softmax',
    loss: 'categoricalCrossentropy',
    target: { type: 'oneHot', name: 'class', classes: three },
  },
  'three classes, linear': {
    units: 3,
    activation: 'linear',
    loss: 'squaredError',
    target: { type: 'oneHot', name: 'class', classes: three },
  },
  'several booleans, sigmoid': {
    units: 3,
    activation: 'sigmoid',
    loss: 'binaryCrossentropy',
    target: { type: 'multiLabel', names: three },
  },
  'several booleans, hinge': {
    units: 2,
    activation: 'linear',
    loss: 'hinge',
    target: { type: 'multiLabel', names: two },
  },
}

export interface NamedExportable extends Exportable {
  title: string
}

/** Every layer with every activation, and every layer and activation with every ending in turn. */
export function layerNetworks(): NamedExportable[] {
  const bodies = [
    ...Object.entries(activated).flatMap(([title, { inputShape, layers }]) =>
      activations.map((activation) => ({
        title: `${title}, ${activation}`,
        inputShape,
        layers: layers(activation),
      })),
    ),
    ...Object.entries(plain).map(([title, body]) => ({ title, ...body })),
  ]
  const ends = Object.entries(endings)
  const step = { title: 'two classes, step', ...perceptron }
  return [
    ...bodies.map(({ title, inputShape, layers }, index) => {
      const [name, { units, activation, loss, target, threshold = null }] = ends[index % ends.length]
      const network = { inputShape, layers: [...layers, { type: 'dense' as const, units, activation }] }
      return {
        title: `${title}, ${name}`,
        ...exportable({ id: `m${index}`, network, loss, target, threshold }),
      }
    }),
    { title: step.title, ...exportable({ id: `m${bodies.length}`, ...perceptron }) },
  ]
}

const perceptron = {
  network: { inputShape: [4], layers: [{ type: 'dense' as const, units: 1, activation: 'step' as const }] },
  loss: 'perceptron' as const,
  target: { type: 'binary' as const, name: 'class', classes: two },
}

/** The same networks at every call. */
export function randomNetworks(count: number): NamedExportable[] {
  const fitting = randomTrainings.filter(({ spec }) => fits(spec.network))
  return fc.sample(fitting, { numRuns: count, seed: 7 }).map(({ spec }, index) => ({
    title: JSON.stringify(spec.network),
    ...exportable({ id: `r${index}`, network: spec.network, loss: spec.loss }),
  }))
}

function fits(network: SpecInput['network']): boolean {
  try {
    compilePrediction(networkSchema.parse(network), 1)
    return true
  } catch {
    return false
  }
}
