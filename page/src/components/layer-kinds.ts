/** The layers that the editor offers: their names, the layer that a click adds, and the settings of each. */
import type { LayerRequest } from '../api/types.js'
import { activations } from './hidden-layer.js'

/** A setting of a layer, which is a number or one of some names. */
export type LayerSetting =
  | { field: string; title: string; least: number; most: number; step: number }
  | { field: string; title: string; choices: readonly string[] }

export interface LayerKind {
  title: string
  /** What it does, in one sentence. */
  hint: string
  /** The dimensions of the rows that it takes. Null for any. */
  dimensions: 1 | 2 | 3 | null
  added: LayerRequest
  settings: readonly LayerSetting[]
}

const count = (field: string, title: string, most = 512): LayerSetting => ({
  field,
  title,
  least: 1,
  most,
  step: 1,
})
const activation: LayerSetting = { field: 'activation', title: 'Activation', choices: activations }
const padding: LayerSetting = { field: 'padding', title: 'Padding', choices: ['valid', 'same'] }
const kernel = count('kernelSize', 'Kernel', 15)
const pool = count('poolSize', 'Size', 8)

function convolution(type: 'conv1d' | 'conv2d', dimensions: 2 | 3): LayerKind {
  return {
    title: 'Convolution',
    hint: 'Finds the same small patterns at every position.',
    dimensions,
    added: { type, filters: 16, kernelSize: 3, activation: 'relu' },
    settings: [count('filters', 'Filters'), kernel, padding, activation],
  }
}

function pooling(type: LayerRequest['type'], title: string, hint: string, dimensions: 2 | 3): LayerKind {
  return { title, hint, dimensions, added: { type, poolSize: 2 } as LayerRequest, settings: [pool] }
}

const largest = 'Keeps the largest value of each small area.'
const mean = 'Keeps the mean of each small area.'
const global = 'Keeps the mean of each filter over all positions.'

const kinds: readonly LayerKind[] = [
  convolution('conv2d', 3),
  convolution('conv1d', 2),
  pooling('maxPooling2d', 'Max pooling', largest, 3),
  pooling('maxPooling1d', 'Max pooling', largest, 2),
  pooling('averagePooling2d', 'Average pooling', mean, 3),
  pooling('averagePooling1d', 'Average pooling', mean, 2),
  {
    title: 'Locally connected',
    hint: 'A convolution with separate weights at each position.',
    dimensions: 3,
    added: { type: 'locallyConnected2d', filters: 8, kernelSize: 3, activation: 'relu' },
    settings: [count('filters', 'Filters'), kernel, activation],
  },
  {
    title: 'Locally connected',
    hint: 'A convolution with separate weights at each position.',
    dimensions: 2,
    added: { type: 'locallyConnected1d', filters: 8, kernelSize: 3, activation: 'relu' },
    settings: [count('filters', 'Filters'), kernel, activation],
  },
  {
    title: 'Global pooling',
    hint: global,
    dimensions: 3,
    added: { type: 'globalAveragePooling2d' },
    settings: [],
  },
  {
    title: 'Global pooling',
    hint: global,
    dimensions: 2,
    added: { type: 'globalAveragePooling1d' },
    settings: [],
  },
  {
    title: 'Flatten',
    hint: 'Puts all values in one row, which dense layers need.',
    dimensions: null,
    added: { type: 'flatten' },
    settings: [],
  },
  {
    title: 'Dense',
    hint: 'Connects each unit with all values before it.',
    dimensions: null,
    added: { type: 'dense', units: 32, activation: 'relu' },
    settings: [count('units', 'Units'), activation],
  },
  {
    title: 'Dropout',
    hint: 'Sets a random share of the values to 0 in each step, against overfitting.',
    dimensions: null,
    added: { type: 'dropout', rate: 0.25 },
    settings: [{ field: 'rate', title: 'Rate', least: 0, most: 0.95, step: 0.05 }],
  },
  {
    title: 'Batch normalization',
    hint: 'Gives each value mean 0 and deviation 1 over a batch.',
    dimensions: null,
    added: { type: 'batchNormalization' },
    settings: [],
  },
  {
    title: 'Activation',
    hint: 'Applies a function to each value.',
    dimensions: null,
    added: { type: 'activation', activation: 'relu' },
    settings: [activation],
  },
]

/** @param dimensions of a row of the data: 1 for columns, 2 for signals, 3 for pictures */
export function kindsFor(dimensions: number): LayerKind[] {
  return kinds.filter((kind) => {
    if (kind.dimensions !== null) return kind.dimensions === dimensions
    return kind.added.type !== 'flatten' || dimensions > 1
  })
}

/** Undefined for a layer that the editor does not know, such as `reshape`. */
export function kindOf({ type }: LayerRequest, dimensions: number): LayerKind | undefined {
  return kindsFor(dimensions).find(({ added }) => added.type === type)
}

/** Whether the editor can show the layers, and dense ones do not read rows of several dimensions. */
export function fitsRows(layers: readonly LayerRequest[], dimensions: number): boolean {
  if (layers.some((layer) => kindOf(layer, dimensions) === undefined)) return false
  return dimensions === 1 || layers.some(({ type }) => type === 'flatten' || type.startsWith('global'))
}

/** Where a click inserts a layer: layers for pictures or signals before the one that flattens them, others last. */
export function placeFor({ dimensions }: LayerKind, layers: readonly LayerRequest[]): number {
  if (dimensions === null) return layers.length
  const flat = layers.findIndex(({ type }) => type === 'flatten' || type === 'dense')
  return flat < 0 ? layers.length : flat
}
