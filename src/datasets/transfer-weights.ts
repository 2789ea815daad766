/** Moves the weights of a model to where the new coding has its inputs and outputs. */
import type { Layer, Network } from '../contract/network.js'
import { targetWidth } from './target-coding.js'
import { type Ends, inputNames, inputPlaces, outputPlaces } from './transfer.js'

/** Tensors by name, values row-major. */
type Tensors = Map<string, { shape: number[]; values: Float32Array }>
type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/** Places of the new inputs and outputs among those of the model; null where nothing moves. */
interface Moves {
  inputs: Int32Array | null
  outputs: Int32Array | null
}

function movesOf(source: Ends, coding: Ends): Moves {
  const inputs = inputPlaces(source.features, coding.features)
  const outputs = outputPlaces(source.target, coding.target)
  return {
    inputs: isIdentity(inputs, inputNames(source.features).length) ? null : inputs,
    outputs: isIdentity(outputs, targetWidth(source.target)) ? null : outputs,
  }
}

/** Whether the weights of a model of the one coding cannot stay where they are for the other. */
export function areMoved(source: Ends, coding: Ends): boolean {
  const { inputs, outputs } = movesOf(source, coding)
  return inputs !== null || outputs !== null
}

const isIdentity = (places: Int32Array, length: number) =>
  places.length === length && places.every((from, place) => from === place)

/** Layers that give each number on in its place. */
const isTransparent = ({ type }: Layer) => type === 'dropout' || type === 'activation' || type === 'flatten'

/** The dense layers whose columns are the inputs and whose rows are the outputs; −1 where that layer is no dense one. */
function denseEnds({ layers }: Network): { first: number; last: number } {
  const dense = (place: number) => (layers[place]?.type === 'dense' ? place : -1)
  return {
    first: dense(layers.findIndex((layer) => !isTransparent(layer))),
    last: dense(layers.findLastIndex((layer) => !isTransparent(layer))),
  }
}

/** Why the weights of this network cannot move so, in words; undefined when they can. */
export function moveRefusal(network: Network, source: Ends, coding: Ends): string | undefined {
  const { inputs, outputs } = movesOf(source, coding)
  const { first, last } = denseEnds(network)
  if (inputs !== null && first < 0) {
    return 'the first layer is not dense, so the columns and categories must be those of the model, in the same order'
  }
  if (outputs !== null && last < 0) {
    return 'the last layer is not dense, so the targets and classes must be those of the model, in the same order'
  }
  return undefined
}

/** The shapes that weights of these shapes have after the move. */
export function movedShapes(shapes: Shapes, network: Network, source: Ends, coding: Ends): Shapes {
  const { inputs, outputs } = movesOf(source, coding)
  const { first, last } = denseEnds(network)
  const moved = new Map(shapes)
  const put = (name: string, change: (shape: readonly number[]) => number[]) => {
    const tensor = moved.get(name)
    if (tensor !== undefined) moved.set(name, { shape: change(tensor.shape) })
  }
  if (inputs !== null) put(`layers.${first}.weight`, ([units]) => [units, inputs.length])
  if (outputs !== null) {
    put(`layers.${last}.weight`, ([, width]) => [outputs.length, width])
    put(`layers.${last}.bias`, () => [outputs.length])
  }
  return moved
}

/**
 * The weights to begin with: each input and output keeps its own from the model, and those that are new have theirs
 * from `initial`, the weights a network of the new sizes would begin with.
 */
export function moveWeights(
  weights: Tensors,
  initial: () => Tensors,
  network: Network,
  { source, coding }: { source: Ends; coding: Ends },
): Tensors {
  const { inputs, outputs } = movesOf(source, coding)
  if (inputs === null && outputs === null) return weights
  const { first, last } = denseEnds(network)
  const fresh = initial()
  const moved = new Map(weights)
  const move = (name: string, rows: Int32Array | null, columns: Int32Array | null) => {
    const [from, to] = [weights.get(name), fresh.get(name)]
    if (from !== undefined && to !== undefined) moved.set(name, moveMatrix(from, to, rows, columns))
  }
  const isOne = first === last
  if (inputs !== null) move(`layers.${first}.weight`, isOne ? outputs : null, inputs)
  if (outputs !== null) {
    if (!isOne || inputs === null) move(`layers.${last}.weight`, outputs, null)
    move(`layers.${last}.bias`, outputs, null)
  }
  return moved
}

type Tensor = { shape: number[]; values: Float32Array }

/** A copy of `to` with the numbers of `from` where a row and a column have a place there; null: rows or columns stay. */
function moveMatrix(from: Tensor, to: Tensor, rows: Int32Array | null, columns: Int32Array | null): Tensor {
  const values = Float32Array.from(to.values)
  const [height, width = 1] = to.shape
  const [, fromWidth = 1] = from.shape
  for (let row = 0; row < height; row++) {
    const fromRow = rows === null ? row : rows[row]
    if (fromRow < 0) continue
    for (let column = 0; column < width; column++) {
      const fromColumn = columns === null ? column : columns[column]
      if (fromColumn >= 0) values[row * width + column] = from.values[fromRow * fromWidth + fromColumn]
    }
  }
  return { shape: [...to.shape], values }
}
