/** Types of operation declarations. */
import type { Loss } from '../../contract/network.js'
import type { Accuracy, ElementActivation, Weighting } from './enumerations.js'

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
type Access = 'read' | 'write' | 'update'

interface OperandDeclaration<Dimension extends string = string> {
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
