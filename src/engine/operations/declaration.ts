/** Types of operation declarations, and the codes of enumerated attributes. */
import type { Activation, Loss } from '../../contract/network.js'

/** When a prediction counts as correct: see losses.ts. */
export type Accuracy = 'none' | 'argmax' | 'positive' | 'half'

/** Activations that work on each element alone; softmax works on rows, by separate operations. */
export type ElementActivation = Exclude<Activation, 'softmax'>

/** Codes in the encoded program. */
export const activationCodes = {
  linear: 0,
  step: 1,
  sigmoid: 2,
  tanh: 3,
  relu: 4,
  leakyRelu: 5,
  elu: 6,
  gelu: 7,
  softplus: 8,
} as const satisfies Record<ElementActivation, number>

export const lossCodes = {
  squaredError: 0,
  meanSquaredError: 1,
  meanAbsoluteError: 2,
  huber: 3,
  binaryCrossentropy: 4,
  categoricalCrossentropy: 5,
  hinge: 6,
  perceptron: 7,
} as const satisfies Record<Loss, number>

export const accuracyCodes = { none: 0, argmax: 1, positive: 2, half: 3 } as const satisfies Record<
  Accuracy,
  number
>

/** The divisor of a batch's weighted loss: see losses.ts. */
export type Weighting = 'rows' | 'sum'

export const weightingCodes = { rows: 0, sum: 1 } as const satisfies Record<Weighting, number>

/** The enumerations of attributes and the codes of their members. */
export const enumerations = {
  activation: activationCodes,
  loss: lossCodes,
  accuracy: accuracyCodes,
  weighting: weightingCodes,
} as const

export interface AttributeTypes {
  /** A whole number above 0. */
  integer: number
  /** A whole number of 0 or more. */
  natural: number
  /** A whole number from 0 to 255. */
  byte: number
  /** Finite. */
  real: number
  /** A number from 0 to below 1. */
  fraction: number
  flag: boolean
  activation: ElementActivation
  loss: Loss
  accuracy: Accuracy
  weighting: Weighting
}
export type AttributeType = keyof AttributeTypes
export type AttributeValue = AttributeTypes[AttributeType]

/** read: needs earlier values; write: overwrites all values; update: reads and writes. */
export type Access = 'read' | 'write' | 'update'

export interface OperandDeclaration<Dimension extends string = string> {
  readonly access: Access
  readonly shape: readonly (Dimension | 'rows')[]
  readonly optional?: true
}

export interface OperationDeclaration {
  readonly code: number
  readonly attributes: Readonly<Record<string, AttributeType>>
  readonly operands: Readonly<Record<string, OperandDeclaration>>
  readonly cost: readonly (readonly (number | string)[])[]
  readonly tolerance: { readonly relative: number; readonly absolute: number }
}

/** Declares an operation; its type checks that shapes and costs name attributes of the operation. */
export function operation<
  const Attributes extends Record<string, AttributeType>,
  const Operands extends Record<string, OperandDeclaration<keyof Attributes & string>>,
>(declaration: {
  code: number
  attributes: Attributes
  operands: Operands
  cost: readonly (readonly (number | (keyof Attributes & string) | 'rows')[])[]
  tolerance: { relative: number; absolute: number }
}) {
  return declaration
}

/** No rounding differences between backends. */
export const exact = { relative: 0, absolute: 0 }
/** A few roundings per value. */
export const elementwise = { relative: 2e-6, absolute: 1e-7 }
/** Sums in any order. */
export const summed = { relative: 2e-5, absolute: 1e-6 }

/** Images are [channels, height, width]; a signal is an image of height 1. */
export const image = ['rows', 'channels', 'height', 'width'] as const
export const windowSizes = {
  channels: 'integer',
  height: 'integer',
  width: 'integer',
  kernelHeight: 'integer',
  kernelWidth: 'integer',
  strideY: 'integer',
  strideX: 'integer',
  outputHeight: 'integer',
  outputWidth: 'integer',
} as const
