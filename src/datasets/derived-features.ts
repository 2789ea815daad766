/**
 * Derived features: inputs after those of the columns, computed from number features. Everything that encodes rows first
 * writes the columns, and then the derived inputs from these float32 numbers, so all of it gets the same bits.
 */
import type { Coding, FeatureCoding, Scaling } from '../contract/dataset.js'
import type { DerivedCoding, DerivedFeature } from '../contract/derived-feature.js'
import { cellError } from './cell-error.js'
import { type Derivation, derivationKey, derivedName, deriveValue } from './derivation.js'
import { featureWidth, type Part, readColumn } from './feature-coding.js'
import { computeScale } from './scale.js'
import { codeNumbers } from './stored-values.js'

type NumberCoding = FeatureCoding & { type: 'number' }
type Derived = Pick<Coding, 'features' | 'derived'>

export const toDerivation = ({ type, of }: DerivedFeature): Derivation => ({
  type,
  of: typeof of === 'string' ? [of] : of,
})

/** A number feature that a derived one reads, and its place among the inputs. */
export interface DerivedSource {
  place: number
  coding: NumberCoding
}

/** The sources of each derived feature, in the order of `of`. */
export function derivedSources({ features, derived = [] }: Derived): DerivedSource[][] {
  const byName = new Map<string, DerivedSource>()
  let place = 0
  for (const feature of features) {
    if (feature.type === 'number') byName.set(feature.name, { place, coding: feature })
    place += featureWidth(feature)
  }
  return derived.map(({ of }) =>
    of.map((name) => {
      const source = byName.get(name)
      if (source === undefined) throw new Error(`the coding has no number feature ${name}`)
      return source
    }),
  )
}

/**
 * Writes the derived inputs of a row whose columns are encoded, from `begin` on.
 * @returns the first that is not a finite float32 number, or null
 */
type DerivedWriter = (inputs: Float32Array, begin: number) => DerivedCoding | null

/** Null for a coding without derived features. */
export function derivedWriter(coding: Derived): DerivedWriter | null {
  const { features, derived = [] } = coding
  if (derived.length === 0) return null
  const width = features.reduce((sum, feature) => sum + featureWidth(feature), 0)
  const steps = derivedSources(coding).map(([first, second = first], index) => ({
    feature: derived[index],
    first,
    second,
    place: width + index,
  }))
  return (inputs, begin) => {
    let failed: DerivedCoding | null = null
    for (const { feature, first, second, place } of steps) {
      const value = deriveValue(
        feature.type,
        readSource(inputs, begin, first),
        readSource(inputs, begin, second),
      )
      inputs[begin + place] = (value - feature.offset) / feature.scale
      if (failed === null && !Number.isFinite(inputs[begin + place])) failed = feature
    }
    return failed
  }
}

/** The value of a column, unscaled. */
function readSource(inputs: Float32Array, begin: number, { place, coding }: DerivedSource): number {
  return inputs[begin + place] * coding.scale + coding.offset
}

export const derivedTooLarge = (feature: Derivation) =>
  `${derivedName(feature)} is too large for a 32-bit number`

/** Learns the scales from the training rows. Missing values are replaced first. */
export function learnDerived(
  part: Part,
  features: Coding['features'],
  wanted: readonly DerivedFeature[],
  scaling: Scaling,
): DerivedCoding[] {
  return wanted.map((feature) => {
    const { type, of } = toDerivation(feature)
    const [first, second = first] = of.map((name) => readNumbers(part, features, name))
    const values = first.map((value, row) => deriveValue(type, value, second[row]))
    return { type, of: [...of], ...computeScale(scaling, values.filter(Number.isFinite)) }
  })
}

function readNumbers(part: Part, features: Coding['features'], name: string): Float64Array {
  const { columns } = part.table
  const position = columns.findIndex((column) => column.name === name)
  const feature = features.find((each) => each.name === name)
  if (feature?.type !== 'number') throw new Error(`${name} is not a number feature`)
  const { imputation = Number.NaN } = feature
  const numbers = codeNumbers(columns[position])
  return readColumn(part, position).map((raw) =>
    Number.isNaN(raw) ? imputation : numbers === null ? raw : numbers[raw],
  )
}

/** Keeps the scales of a model for what it derives, too. */
export function inheritDerived(learned: readonly DerivedCoding[], source: Derived): DerivedCoding[] {
  const known = new Map(source.derived?.map((each) => [derivationKey(each), each]))
  return learned.map((feature) => {
    const inherited = known.get(derivationKey(feature))
    return inherited === undefined
      ? feature
      : { ...feature, offset: inherited.offset, scale: inherited.scale }
  })
}

/** @throws DatasetError naming the row of a value that is too large */
export function writeDerived(part: Part, coding: Coding, inputs: Float32Array, width: number): void {
  const write = derivedWriter(coding)
  if (write === null) return
  for (let row = 0; row < part.rows.length; row++) {
    const failed = write(inputs, row * width)
    if (failed === null) continue
    const source = part.table.columns.find(({ name }) => name === failed.of[0])
    if (source !== undefined) throw cellError(source, part, row, derivedTooLarge(failed))
  }
}
