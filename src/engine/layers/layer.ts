/** How the compiler plans a layer for an input shape, and how a planned layer adds its operations to a program. */
import type { Activation, Layer } from '../../contract/network.js'
import type { ArenaLayout } from '../arena.js'
import type { BufferId, Operation } from '../operations.js'
import type { InitialValues, Shape } from '../program.js'

/** Position of a layer in the spec, for error messages. */
export interface LayerLocation {
  readonly index: number
  /** JSON Pointer to the layer. */
  readonly pointer: string
  /** For messages: `layers[2] (conv2d)`. */
  readonly title: string
}

/** A layer's output. Training and inference may use different buffers. */
export interface Signal {
  readonly training: BufferId
  readonly inference: BufferId
  /** Gradient of the loss with respect to this signal; null when no layer before it is trainable. */
  readonly gradient: BufferId | null
}

/** A tensor of a layer. */
export interface LayerTensor {
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

/** What a layer needs to emit its operations. */
export interface EmitContext {
  readonly index: number
  readonly layout: ArenaLayout
  readonly input: Signal
  /** False in prediction programs: no gradients, no dropout, no batch statistics. */
  readonly training: boolean
  /** True when this layer or a layer before it has trainable tensors. */
  readonly learns: boolean
  /** True for the last layer when the loss uses logits: omit the activation. */
  readonly omitActivation: boolean
  /** True when a later batch normalization cancels any per-channel shift of this layer. */
  readonly shiftCancelled: boolean
  tensor(name: LayerTensor['name']): PlacedTensor
}

export interface Emission {
  readonly output: Signal
  readonly training: Operation[]
  readonly inference: Operation[]
  readonly backward: Operation[]
}

export interface PlannedLayer {
  /** The layer with defaults filled in. */
  readonly layer: Layer
  readonly outputShape: Shape
  /** The layer's activation, if it has one. */
  readonly activation: Activation | null
  /** Whether a constant added to a channel of the input is added to all outputs of that channel. */
  readonly keepsShift?: true
  readonly tensors: readonly LayerTensor[]
  emit(context: EmitContext): Emission
}

/** Allocates a buffer for the layer's output and one for its gradient. */
export function outputSignal(context: EmitContext, shape: Shape): Signal {
  const name = `layers.${context.index}`
  const value = context.layout.addPerRow(`${name}.output`, 'activation', shape)
  const gradient =
    context.training && context.learns
      ? context.layout.addPerRow(`${name}.outputGradient`, 'activationGradient', shape)
      : null
  return { training: value, inference: value, gradient }
}

/** Emits the operation for the training input and for the inference input. */
export function forBoth(
  input: Signal,
  operation: (x: BufferId) => Operation,
): Pick<Emission, 'training' | 'inference'> {
  return { training: [operation(input.training)], inference: [operation(input.inference)] }
}

export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
