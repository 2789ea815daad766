/** Collects the layers of a graph that is a chain. */
import { type Activation, type Layer, maximumLayers, type Network } from '../../contract/network.js'
import { elementCount, outputShape } from '../../engine/index.js'
import { type FileTensor, readNumbers } from '../file-tensor.js'
import type { WeightSource } from '../imported-network.js'
import { checked } from '../refuse.js'
import type { OnnxNode } from './node.js'

/** A constant weight. `transposed`: stored as [inputs, units]. */
export interface Weight {
  tensor: FileTensor
  transposed: boolean
}

/** The shape of a weight as it is used. */
export const weightShape = ({ tensor: { shape }, transposed }: Weight): readonly number[] =>
  transposed ? shape.toReversed() : shape

export class NetworkBuilder {
  readonly #layers: Layer[] = []
  readonly #sources = new Map<string, WeightSource>()
  /** Of one row after the last layer. */
  #layerShape: number[]
  /** The same numbers in the shape that the graph has: views need no layer until the next one. */
  shape: readonly number[]

  constructor(private readonly inputShape: number[]) {
    this.#layerShape = inputShape
    this.shape = inputShape
  }

  /** @param weights by the names of the engine: weight, bias, runningMean, runningVar */
  add(node: OnnxNode, layer: Layer, weights: Readonly<Record<string, Weight | undefined>> = {}): void {
    this.#settle(node)
    this.#push(node, layer)
    const index = this.#layers.length - 1
    for (const [part, weight] of Object.entries(weights)) {
      if (weight !== undefined) this.#sources.set(`layers.${index}.${part}`, toSource(weight))
    }
  }

  /** In the last layer, if it has weights and no activation. */
  activate(node: OnnxNode, activation: Activation): void {
    const last = this.#layers.at(-1)
    if (last !== undefined && 'useBias' in last && last.activation === 'linear' && this.#isSettled()) {
      this.#layers[this.#layers.length - 1] = { ...last, activation }
      return
    }
    this.add(node, { type: 'activation', activation })
  }

  /** Adds a bias to the last layer. False if it has one, or is of another kind or size. */
  addBias(bias: Weight): boolean {
    const last = this.#layers.at(-1)
    if (last === undefined || !('useBias' in last) || last.useBias || last.activation !== 'linear')
      return false
    if (!this.#isSettled()) return false
    const [channels, ...sides] = this.shape
    // [units], or [filters, 1, 1] and [1, filters, 1, 1] after a convolution.
    const shape = bias.tensor.shape
    const trailing = sides.length
    const isChannels = shape.at(-1 - trailing) === channels && elementCount(shape) === channels
    if (!isChannels) return false
    const index = this.#layers.length - 1
    this.#layers[index] = { ...last, useBias: true }
    this.#sources.set(`layers.${index}.bias`, toSource(bias))
    return true
  }

  finish(node: OnnxNode | undefined): { network: Network; sources: ReadonlyMap<string, WeightSource> } {
    if (node !== undefined) this.#settle(node)
    return { network: { inputShape: this.inputShape, layers: this.#layers }, sources: this.#sources }
  }

  #isSettled(): boolean {
    return this.shape.join() === this.#layerShape.join()
  }

  /** Adds the layer that views call for. */
  #settle(node: OnnxNode): void {
    if (this.#isSettled()) return
    const { shape } = this
    if (shape.length > 3)
      throw node.refuse(`its input has ${shape.length} sides besides the rows; at most 3 are supported`)
    this.#push(node, shape.length === 1 ? { type: 'flatten' } : { type: 'reshape', targetShape: [...shape] })
  }

  #push(node: OnnxNode, layer: Layer): void {
    if (this.#layers.length === maximumLayers)
      throw node.refuse(`the network has more than ${maximumLayers} layers`)
    const shape = checked(() => outputShape({ layers: [layer] }, this.#layerShape))
    this.#layers.push(layer)
    this.#layerShape = shape
    this.shape = shape
  }
}

function toSource({ tensor, transposed }: Weight): WeightSource {
  if (!transposed) return { name: tensor.name, fill: (values) => readNumbers(tensor, values) }
  const [rows, columns] = tensor.shape
  return {
    name: tensor.name,
    fill(values) {
      const stored = new Float32Array(values.length)
      readNumbers(tensor, stored)
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++)
          values[column * rows + row] = stored[row * columns + column]
      }
    },
  }
}
