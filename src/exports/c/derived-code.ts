/** Writes the computation of derived features as C99. */
import type { Coding } from '../../contract/dataset.js'
import type { DerivedCoding } from '../../contract/derived-feature.js'
import { derivedName } from '../../datasets/derivation.js'
import { derivedSources } from '../../datasets/derived-features.js'
import { inputCount } from '../../datasets/feature-coding.js'
import { commentText, doubleLiteral } from './literals.js'

const derivedHelper = `
/* A number as the network reads it. */
static int encode_derived(double value, double offset, double scale, float *x) {
  *x = (float)((value - offset) / scale);
  return isfinite(*x);
}`

/** Computes derived features from the encoded columns, as the service does. */
export function derivedCode(coding: Coding): { helpers: string[]; lines: string[] } {
  const { features, derived = [] } = coding
  if (derived.length === 0) return { helpers: [], lines: [] }
  const first = inputCount(coding) - derived.length
  const lines = derivedSources(coding).flatMap((sources, index) => {
    const { type, of, offset, scale } = derived[index]
    const values = sources.map(
      ({ place, coding: { offset, scale } }) =>
        `(inputs[${place}] * ${doubleLiteral(scale)} + ${doubleLiteral(offset)})`,
    )
    const numbers = [offset, scale].map(doubleLiteral).join(', ')
    const column = features.findIndex(({ name }) => name === of[0]) + 1
    const call = `encode_derived(${derivedExpression(type, values)}, ${numbers}, &inputs[${first + index}])`
    return [`  /* ${commentText(derivedName(derived[index]))} */`, `  if (!${call}) return ${column};`]
  })
  return { helpers: [derivedHelper], lines }
}

function derivedExpression(type: DerivedCoding['type'], [one, other = one]: readonly string[]): string {
  switch (type) {
    case 'square':
    case 'product':
      return `${one} * ${other}`
    case 'sin':
      return `sin(${one})`
    default:
      return type satisfies never
  }
}
