/** Inputs of the playground that are computed from x₁ and x₂. */
import type { Derivation } from '../../../src/datasets/derivation.js'
import type { JobRequest } from '../api/types.js'

/** As they are in an address. */
export const features = ['x1x1', 'x2x2', 'x1x2', 'sinx1', 'sinx2'] as const
export type Feature = (typeof features)[number]

/** What it computes, and of which inputs, counted from 0. */
interface Definition {
  type: Derivation['type']
  of: readonly number[]
}

const definitions: Record<Feature, Definition> = {
  x1x1: { type: 'square', of: [0] },
  x2x2: { type: 'square', of: [1] },
  x1x2: { type: 'product', of: [0, 1] },
  sinx1: { type: 'sin', of: [0] },
  sinx2: { type: 'sin', of: [1] },
}

/** Those of data with so many inputs, in the order above. */
export const availableFeatures = (inputs: number): Feature[] =>
  features.filter((feature) => definitions[feature].of.every((input) => input < inputs))

/** The chosen ones that the data have, in the order above. */
export const usedFeatures = (chosen: readonly Feature[], inputs: number): Feature[] =>
  availableFeatures(inputs).filter((feature) => chosen.includes(feature))

/** @param columns names of the inputs */
export function derivedFeatures(
  chosen: readonly Feature[],
  columns: readonly string[],
): NonNullable<JobRequest['derivedFeatures']> {
  const name = (input: number) => columns[input] ?? ''
  return usedFeatures(chosen, columns.length).map((feature) => {
    const { type, of } = definitions[feature]
    const [first = 0] = of
    return type === 'product' ? { type, of: of.map(name) } : { type, of: name(first) }
  })
}

const inputNames = ['x₁', 'x₂']

export const inputName = (input: number) => inputNames[input] ?? ''

/** `x₁²`, `x₁x₂` or `sin x₁`. */
export function computedName({ type, of }: Definition): string {
  const names = of.map(inputName).join('')
  switch (type) {
    case 'square':
      return `${names}²`
    case 'product':
      return names
    case 'sin':
      return `sin ${names}`
    default:
      return type satisfies never
  }
}

export const featureName = (feature: Feature) => computedName(definitions[feature])
