/** Writes the computation of derived features as JavaScript. */
import type { Coding } from '../../contract/dataset.js'
import type { DerivedCoding } from '../../contract/derived-feature.js'
import { derivedName } from '../../datasets/derivation.js'
import { derivedSources } from '../../datasets/derived-features.js'
import { inputCount } from '../../datasets/feature-coding.js'

interface DerivedRule extends Omit<DerivedCoding, 'of'> {
  name: string
  /** The columns that it is computed from: where their numbers are, and how they are scaled. */
  of: { place: number; offset: number; scale: number }[]
}

function derivedRules(coding: Coding): DerivedRule[] {
  return derivedSources(coding).map((sources, index) => {
    const feature = (coding.derived ?? [])[index]
    const of = sources.map(({ place, coding: { offset, scale } }) => ({ place, offset, scale }))
    return { ...feature, name: derivedName(feature), of }
  })
}

/** Source of `encodeDerived`, which appends derived features to the encoded columns. Empty without any. */
export function derivedFunction(coding: Coding): string {
  const rules = derivedRules(coding)
  return rules.length === 0 ? '' : source(rules, inputCount(coding) - rules.length)
}

const source = (rules: readonly DerivedRule[], first: number) => `
/** Numbers that are computed from columns. They follow those of the columns. */
const derived = [
${rules.map((rule) => `  ${JSON.stringify(rule)},`).join('\n')}
]
const formulas = { square: (a) => a * a, sin: Math.sin, product: (a, b) => a * b }

function encodeDerived(inputs) {
  derived.forEach(({ type, name, of, offset, scale }, index) => {
    const values = of.map((source) => inputs[source.place] * source.scale + source.offset)
    const encoded = Math.fround((formulas[type](...values) - offset) / scale)
    if (!Number.isFinite(encoded)) fail({ name }, 'is too large for this model')
    inputs[${first} + index] = encoded
  })
}
`
