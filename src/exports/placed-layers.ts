/** The layers of a model with the shapes between them, for formats that have layers too. */
import type { Layer } from '../contract/network.js'
import type { ExportableModel } from './exporter.js'

export interface PlacedLayer {
  index: number
  layer: Layer
  /** For messages: `layers[2] (conv2d)`. */
  title: string
  /** As in a network: channels first. */
  inputShape: number[]
  outputShape: number[]
}

export function placedLayers({
  network,
  layers,
}: Pick<ExportableModel, 'network' | 'layers'>): PlacedLayer[] {
  return layers.map(({ inputShape, outputShape }, index) => {
    const layer = network.layers[index]
    return { index, layer, title: `layers[${index}] (${layer.type})`, inputShape, outputShape }
  })
}

export const toPair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value

export const product = (shape: readonly number[]) => shape.reduce((size, side) => size * side, 1)

/** Zeros before and after an axis under the padding `same`, as the engine adds them. */
export function samePadding(length: number, kernel: number, stride: number): [number, number] {
  const zeros = Math.max(0, (Math.ceil(length / stride) - 1) * stride + kernel - length)
  const before = Math.floor(zeros / 2)
  return [before, zeros - before]
}
