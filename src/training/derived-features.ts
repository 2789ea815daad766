/** Checks the derived features of a request against the columns. */
import type { DerivedCoding, DerivedFeature } from '../contract/derived-feature.js'
import type { JobRequest } from '../contract/job-request.js'
import type { Model } from '../contract/model.js'
import { derivationKey, derivedName } from '../datasets/derivation.js'
import { toDerivation } from '../datasets/derived-features.js'
import { shown, shownNames } from '../datasets/shown-text.js'
import { featureColumns } from '../datasets/transfer.js'
import { SpecError } from '../engine/index.js'
import type { DataDescription } from './data-description.js'

/** The request with the derived features of the model that it starts from, unless it names others. */
export function withDerivedFeatures(request: JobRequest, source: Pick<Model, 'coding'> | null): JobRequest {
  const ofModel = source?.coding.derived ?? []
  const { derivedFeatures = ofModel.map(toRequest), ...rest } = request
  // An empty list stays beside a model that has some: without it, a replay of the job would take those.
  return derivedFeatures.length === 0 && ofModel.length === 0 ? rest : { ...rest, derivedFeatures }
}

const toRequest = ({ type, of }: DerivedCoding): DerivedFeature =>
  type === 'product' ? { type, of: [...of] } : { type, of: of[0] }

/** @throws SpecError if they are not of number columns, repeat each other, or rows are no list of numbers */
export function checkDerivedFeatures(
  { derivedFeatures = [], sampleWeight }: Pick<JobRequest, 'derivedFeatures' | 'sampleWeight'>,
  inputShape: readonly number[],
  data: Pick<DataDescription, 'columns' | 'image'>,
): void {
  if (derivedFeatures.length === 0) return
  if (data.image !== null || inputShape.length > 1) {
    const shape = data.image === null ? `inputShape is [${inputShape.join(', ')}]` : 'the rows are pictures'
    const message = `derivedFeatures need rows that are a list of numbers, but ${shape}: omit them`
    throw new SpecError('/derivedFeatures', message)
  }
  const numbers = featureColumns(data.columns, sampleWeight).flatMap(({ name, type }) =>
    type === 'number' ? [name] : [],
  )
  const known = new Set(numbers)
  const seen = new Set<string>()
  for (const [index, feature] of derivedFeatures.entries()) {
    const pointer = `/derivedFeatures/${index}`
    const derivation = toDerivation(feature)
    const { type, of } = derivation
    const wrong = of.find((name) => !known.has(name))
    if (wrong !== undefined) {
      const list = numbers.length === 0 ? 'there are none' : `these are ${shownNames(numbers)}`
      throw new SpecError(
        `${pointer}/of`,
        `${shown(wrong)} is not a feature that is a number column; ${list}`,
      )
    }
    if (type === 'product' && of[0] === of[1]) {
      throw new SpecError(
        `${pointer}/of`,
        `${shown(of[0])} is there twice: use {"type": "square", "of": ${JSON.stringify(of[0])}}`,
      )
    }
    const key = derivationKey(derivation)
    if (seen.has(key)) throw new SpecError(pointer, `${derivedName(derivation)} is there twice: omit one`)
    seen.add(key)
  }
}
