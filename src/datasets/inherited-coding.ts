/**
 * Inherits the coding that the weights of a model were trained with: the scales of numbers and the known
 * categories.
 */
import type { Coding, Column, FeatureCoding, TargetCoding } from '../contract/dataset.js'

export interface Inheritance {
  /** The coding of the model. */
  coding: Coding
  /** Whether features and targets keep the scales of the model. Those of new columns are learned. */
  scaling: boolean
  targetScaling: boolean
}

export function inheritFeature(
  learned: FeatureCoding,
  column: Column | undefined,
  { coding, scaling }: Inheritance,
): FeatureCoding {
  const inherited = coding.features.find(({ name }) => name === learned.name)
  if (inherited === undefined) return learned
  // A constant imputation of the new dataset takes precedence over the imputation of the model.
  const inheritsImputation = typeof column?.imputation !== 'object'
  switch (learned.type) {
    case 'number': {
      if (inherited.type !== 'number' || !scaling) return learned
      const { offset, scale } = inherited
      return { ...learned, offset, scale, ...optionalImputation(inherited.imputation, inheritsImputation) }
    }
    case 'date': {
      if (inherited.type !== 'date' || !scaling) return learned
      const { first, parts } = inherited
      return { ...learned, first, parts, ...optionalImputation(inherited.imputation, inheritsImputation) }
    }
    case 'category': {
      if (inherited.type !== 'category') return learned
      const trained = new Set(
        inherited.categories.filter((category) => !inherited.unseen?.includes(category)),
      )
      const { unseen = [], ...rest } = learned
      const stillUnseen = unseen.filter((category) => !trained.has(category))
      const hasImputation =
        inherited.imputation !== undefined && learned.categories.includes(inherited.imputation)
      return {
        ...rest,
        ...(stillUnseen.length === 0 ? {} : { unseen: stillUnseen }),
        ...(hasImputation ? optionalImputation(inherited.imputation, inheritsImputation) : {}),
      }
    }
    case 'boolean':
      return inherited.type === 'boolean'
        ? { ...learned, ...optionalImputation(inherited.imputation, inheritsImputation) }
        : learned
    default:
      return learned satisfies never
  }
}

function optionalImputation<Value>(
  imputation: Value | undefined,
  isInherited: boolean,
): { imputation?: Value } {
  return imputation === undefined || !isInherited ? {} : { imputation }
}

type NumberTarget = TargetCoding & { type: 'number' }

/** @param learned the scaling learned from the training rows, for targets that the model does not have */
export function inheritTargetScaling(
  { names }: NumberTarget,
  learned: NumberTarget['scaling'],
  { coding, targetScaling }: Inheritance,
): NumberTarget['scaling'] {
  const inherited = coding.target
  if (!targetScaling || inherited.type !== 'number') return learned
  const { scaling } = inherited
  const computeScale = (name: string, output: number) => {
    const before = inherited.names.indexOf(name)
    if (before < 0) return { offset: learned?.offset[output] ?? 0, scale: learned?.scale[output] ?? 1 }
    return { offset: scaling?.offset[before] ?? 0, scale: scaling?.scale[before] ?? 1 }
  }
  const method = scaling?.method ?? learned?.method
  if (method === undefined) return undefined
  const scales = names.map(computeScale)
  return { method, offset: scales.map(({ offset }) => offset), scale: scales.map(({ scale }) => scale) }
}
