/** Reads and writes a model's weights, by name, in an arena. */
import { type ArenaLayout, elementCount } from './arena.js'
import { fillInitial } from './initializers.js'
import { shapeText } from './layers/layer.js'
import type { NetworkProgram } from './program.js'
import { SpecError } from './spec-error.js'

/** `layers.{i}.weight`, `.bias`, `.runningMean`, `.runningVar`; values row-major in `shape`. */
export type Weights = Map<string, { shape: number[]; values: Float32Array }>

type Floats = Float32Array | Float64Array

/** A view of one tensor in the arena. */
export function tensorView(program: NetworkProgram, floats: Floats, buffer: number): Floats {
  const placed: ArenaLayout['buffers'][number] | undefined = program.buffers[buffer]
  if (placed === undefined) throw new RangeError(`the program has no buffer ${buffer}`)
  return floats.subarray(placed.offset, placed.offset + placed.length)
}

/** A copy of all tensors. */
export function readWeights(program: NetworkProgram, floats: Floats): Weights {
  return new Map(
    program.tensors.map((tensor) => [
      tensor.name,
      { shape: tensor.shape, values: Float32Array.from(tensorView(program, floats, tensor.buffer)) },
    ]),
  )
}

/** All tensors without a copy; valid until the arena is released. */
export function viewWeights(program: NetworkProgram, floats: Float32Array): Weights {
  return new Map(
    program.tensors.map(({ name, shape, buffer }) => {
      const { offset, length } = program.buffers[buffer]
      return [name, { shape, values: floats.subarray(offset, offset + length) }]
    }),
  )
}

/** A copy of the gradients of the last step, by tensor name. */
export function readGradients(program: NetworkProgram, floats: Floats): Weights {
  const gradients: Weights = new Map()
  for (const { name, shape, gradient } of program.tensors) {
    if (gradient === null) continue
    gradients.set(name, { shape, values: Float32Array.from(tensorView(program, floats, gradient)) })
  }
  return gradients
}

/** Fills every tensor with its initializer. */
export function initializeWeights(program: NetworkProgram, floats: Floats, seed: number): void {
  for (const tensor of program.tensors) {
    fillInitial(tensorView(program, floats, tensor.buffer), tensor.initial, seed)
  }
}

/** Draws the initial weights of a network outside an arena. */
export function drawWeights(program: NetworkProgram, seed: number): Weights {
  return new Map(
    program.tensors.map(({ name, shape, initial }) => {
      const values = new Float32Array(elementCount(shape))
      fillInitial(values, initial, seed)
      return [name, { shape: [...shape], values }]
    }),
  )
}

/** Names and shapes of weights, without values. */
export type WeightShapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/**
 * Checks that weights with these names and shapes fit the program. Running state is optional.
 * @throws SpecError that names the first tensor that is missing, unknown or of another shape.
 */
export function checkWeights(program: NetworkProgram, weights: WeightShapes): void {
  const expectedNames = new Set(program.tensors.map((tensor) => tensor.name))
  for (const [name, { shape }] of weights) {
    if (expectedNames.has(name)) continue
    throw new SpecError(
      '/from',
      `the weights contain ${name} ${shapeText(shape)}, which this network does not have; use the same layers as the model`,
    )
  }
  for (const { name, shape } of program.tensors) {
    const given = weights.get(name)
    if (given === undefined) {
      if (isRunningState(name)) continue
      throw new SpecError(
        '/from',
        `the weights do not contain ${name}, which is ${shapeText(shape)} in this network; use the same layers as the model`,
      )
    }
    if (given.shape.length !== shape.length || given.shape.some((size, i) => size !== shape[i])) {
      throw new SpecError(
        '/from',
        `${name} is ${shapeText(given.shape)} in the weights but ${shapeText(shape)} in this network; use the same sizes as the model`,
      )
    }
  }
}

const isRunningState = (name: string) => name.endsWith('.runningMean') || name.endsWith('.runningVar')

/**
 * Views of the weights with these names and shapes, in their order, for the caller to fill. Absent running state is
 * initialized.
 * @throws SpecError as `checkWeights`
 */
export function weightBuffers(
  program: NetworkProgram,
  floats: Float32Array<SharedArrayBuffer>,
  shapes: WeightShapes,
): Float32Array<SharedArrayBuffer>[] {
  checkWeights(program, shapes)
  const views = new Map(
    program.tensors.map(({ name, buffer, initial }) => {
      const { offset, length } = program.buffers[buffer]
      const view = floats.subarray(offset, offset + length)
      if (!shapes.has(name)) fillInitial(view, initial, 0)
      return [name, view]
    }),
  )
  return [...shapes.keys()].flatMap((name) => views.get(name) ?? [])
}

/**
 * Writes weights to the arena. Absent running state is initialized.
 * @throws SpecError that names the first tensor that is missing, unknown, or of another shape or length.
 */
export function writeWeights(program: NetworkProgram, floats: Floats, weights: Weights): void {
  checkWeights(program, weights)
  for (const { name, shape, buffer, initial } of program.tensors) {
    const view = tensorView(program, floats, buffer)
    const given = weights.get(name)
    if (given === undefined) {
      fillInitial(view, initial, 0)
    } else if (given.values.length !== view.length) {
      throw new SpecError(
        '/from',
        `${name} ${shapeText(shape)} needs ${view.length} values, but has ${given.values.length}`,
      )
    } else {
      view.set(given.values)
    }
  }
}
