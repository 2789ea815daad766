/** Keeps of a model’s coding what its weights were trained with: the scale of each number, and which categories they know. */
import type { Coding, Column, FeatureCoding, TargetCoding } from '../contract/dataset.js'

export interface Inheritance {
  /** Of the model. */
  coding: Coding
  /** Whether features and targets keep the scales of the model; those that the model does not know are learned. */
  scaling: boolean
  targetScaling: boolean
}

export function inheritFeature(
  learned: FeatureCoding,
  column: Column | undefined,
  { coding, scaling }: Inheritance,
): FeatureCoding {
  const known = coding.features.find(({ name }) => name === learned.name)
  if (known === undefined) return learned
  // A constant that the new dataset names is a choice; what the rows teach was taught to the model by its own.
  const keepsFill = typeof column?.imputation !== 'object'
  switch (learned.type) {
    case 'number': {
      if (known.type !== 'number' || !scaling) return learned
      const { offset, scale } = known
      return { ...learned, offset, scale, ...fillOf(known.imputation, keepsFill) }
    }
    case 'date': {
      if (known.type !== 'date' || !scaling) return learned
      const { first, parts } = known
      return { ...learned, first, parts, ...fillOf(known.imputation, keepsFill) }
    }
    case 'category': {
      if (known.type !== 'category') return learned
      const taught = new Set(known.categories.filter((category) => !known.unseen?.includes(category)))
      const { unseen = [], ...rest } = learned
      const left = unseen.filter((category) => !taught.has(category))
      const fill = known.imputation !== undefined && learned.categories.includes(known.imputation)
      return {
        ...rest,
        ...(left.length === 0 ? {} : { unseen: left }),
        ...(fill ? fillOf(known.imputation, keepsFill) : {}),
      }
    }
    case 'boolean':
      return known.type === 'boolean' ? { ...learned, ...fillOf(known.imputation, keepsFill) } : learned
    default:
      return learned satisfies never
  }
}

function fillOf<Value>(imputation: Value | undefined, keeps: boolean): { imputation?: Value } {
  return imputation === undefined || !keeps ? {} : { imputation }
}

type NumberTarget = TargetCoding & { type: 'number' }

/** @param learned the scales of the new training rows, for targets that the model does not have */
export function inheritTargetScaling(
  { names }: NumberTarget,
  learned: NumberTarget['scaling'],
  { coding, targetScaling }: Inheritance,
): NumberTarget['scaling'] {
  const known = coding.target
  if (!targetScaling || known.type !== 'number') return learned
  const { scaling } = known
  const scaleOf = (name: string, output: number) => {
    const before = known.names.indexOf(name)
    if (before < 0) return { offset: learned?.offset[output] ?? 0, scale: learned?.scale[output] ?? 1 }
    return { offset: scaling?.offset[before] ?? 0, scale: scaling?.scale[before] ?? 1 }
  }
  const method = scaling?.method ?? learned?.method
  if (method === undefined) return undefined
  const scales = names.map(scaleOf)
  return { method, offset: scales.map(({ offset }) => offset), scale: scales.map(({ scale }) => scale) }
}
