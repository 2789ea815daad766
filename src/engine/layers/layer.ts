/** What the compiler knows of a layer once its input's shape is known, and how a layer adds itself to a program. */
import type { Activation, Layer } from '../../contract/network.js'
import type { ArenaLayout } from '../arena.js'
import type { BufferId, Operation } from '../operations.js'
import type { InitialValues, Shape } from '../program.js'

/** Where in the spec a layer stands: for words and pointers of errors. */
export interface Place {
  readonly index: number
  /** JSON Pointer to the layer. */
  readonly pointer: string
  /** For sentences: `layers[2] (conv2d)`. */
  readonly title: string
}

/** What one layer hands the next: the same values in training and in inference may lie in different buffers. */
export interface Signal {
  readonly training: BufferId
  readonly inference: BufferId
  /** Gradient of the loss by this signal; null where nothing before it learns. */
  readonly gradient: BufferId | null
}

/** A tensor a layer owns. */
export interface OwnTensor {
  readonly name: 'weight' | 'bias' | 'runningMean' | 'runningVar'
  readonly shape: number[]
  readonly trainable: boolean
  readonly initial: InitialValues
}

/** A tensor placed in the arena. */
export interface PlacedTensor {
  readonly value: BufferId
  readonly gradient: BufferId | null
}

/** All a layer needs to emit its operations. */
export interface Site {
  readonly index: number
  readonly layout: ArenaLayout
  readonly input: Signal
  /** False in a program for prediction only: no gradients, no dropout, no batch statistics. */
  readonly training: boolean
  /** True when this layer or one before it has trainable numbers. */
  readonly learns: boolean
  /** True for the last layer under a loss computed before its activation: leave the activation out. */
  readonly bare: boolean
  /** True when batch normalization takes any shift of one of this layer's channels away again. */
  readonly shiftCancelled: boolean
  tensor(name: OwnTensor['name']): PlacedTensor
}

export interface Emission {
  readonly output: Signal
  readonly training: Operation[]
  readonly inference: Operation[]
  readonly backward: Operation[]
}

export interface PlannedLayer {
  /** As accepted, defaults filled in. */
  readonly layer: Layer
  readonly outputShape: Shape
  /** The activation this layer ends with, if it has one. */
  readonly activation: Activation | null
  readonly tensors: readonly OwnTensor[]
  emit(site: Site): Emission
}

/** A buffer for the layer's output with its gradient, as most layers need it. */
export function outputSignal(site: Site, shape: Shape): Signal {
  const name = `layers.${site.index}`
  const value = site.layout.perRow(`${name}.output`, 'activation', shape)
  const gradient =
    site.training && site.learns
      ? site.layout.perRow(`${name}.outputGradient`, 'activationGradient', shape)
      : null
  return { training: value, inference: value, gradient }
}

/** The operation once for the training input and once for the inference input. */
export function forBoth(
  input: Signal,
  operation: (x: BufferId) => Operation,
): Pick<Emission, 'training' | 'inference'> {
  return { training: [operation(input.training)], inference: [operation(input.inference)] }
}

export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
