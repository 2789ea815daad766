/** Moves the weights of a model to the inputs and outputs of a new coding. */
import type { Layer, Network } from '../contract/network.js'
import { targetWidth } from './target-coding.js'
import { type Ends, inputNames, inputPlaces, outputPlaces } from './transfer.js'

/** Tensors by name, with row-major values. */
type Tensors = Map<string, { shape: number[]; values: Float32Array }>
type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/** For each new input and output its index in the model. Null if none moves. */
interface Moves {
  inputs: Int32Array | null
  outputs: Int32Array | null
}

function findMoves(source: Ends, coding: Ends): Moves {
  const inputs = inputPlaces(source, coding)
  const outputs = outputPlaces(source.target, coding.target)
  return {
    inputs: isIdentity(inputs, inputNames(source).length) ? null : inputs,
    outputs: isIdentity(outputs, targetWidth(source.target)) ? null : outputs,
  }
}

/** Whether weights must move from one coding to the other. */
export function areMoved(source: Ends, coding: Ends): boolean {
  const { inputs, outputs } = findMoves(source, coding)
  return inputs !== null || outputs !== null
}

const isIdentity = (positions: Int32Array, length: number) =>
  positions.length === length && positions.every((from, index) => from === index)

/** Layers that keep the order of their inputs. */
const isTransparent = ({ type }: Layer) => type === 'dropout' || type === 'activation' || type === 'flatten'

/** The indices of the dense layers at the inputs and at the outputs. −1 if that layer is not dense. */
function denseEnds({ layers }: Network): { first: number; last: number } {
  const dense = (index: number) => (layers[index]?.type === 'dense' ? index : -1)
  return {
    first: dense(layers.findIndex((layer) => !isTransparent(layer))),
    last: dense(layers.findLastIndex((layer) => !isTransparent(layer))),
  }
}

/** Why the weights of this network cannot move, or undefined if they can. */
export function moveRefusal(network: Network, source: Ends, coding: Ends): string | undefined {
  const { inputs, outputs } = findMoves(source, coding)
  const { first, last } = denseEnds(network)
  if (inputs !== null && first < 0) {
    return 'the first layer is not dense, so the columns and categories must be those of the model, in the same order'
  }
  if (outputs !== null && last < 0) {
    return 'the last layer is not dense, so the targets and classes must be those of the model, in the same order'
  }
  return undefined
}

/** The shapes of weights after the move. */
export function movedShapes(shapes: Shapes, network: Network, source: Ends, coding: Ends): Shapes {
  const { inputs, outputs } = findMoves(source, coding)
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
 * The initial weights: known inputs and outputs keep the weights of the model, new ones take those of
 * `initial`, the initialized weights of a network with the new sizes.
 */
export function moveWeights(
  weights: Tensors,
  initial: () => Tensors,
  network: Network,
  { source, coding }: { source: Ends; coding: Ends },
): Tensors {
  const { inputs, outputs } = findMoves(source, coding)
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

/**
 * Copies the known rows and columns of `from` into a copy of `to`. Null means that rows or columns do not
 * move.
 */
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
