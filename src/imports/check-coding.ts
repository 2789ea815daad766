/** Checks what the schema of a coding does not: names, scales, and that its parts belong together. */
import type { Coding, FeatureCoding, TargetCoding } from '../contract/dataset.js'
import { derivedName } from '../datasets/derivation.js'
import { featureWidth } from '../datasets/feature-coding.js'
import { targetNames } from '../datasets/target-coding.js'
import { quoted, refuseField } from './refuse.js'

const longestText = 10_000

/** @throws Problem `invalid-model` with the first fault */
export function checkCoding(coding: Coding): void {
  const { features, target, ignored = [], image } = coding
  const names = [...features.map(({ name }) => name), ...targetNames(target)]
  checkTexts(names, 'the columns')
  for (const name of ignored) checkText(name)
  for (const feature of features) checkFeature(feature)
  checkDerived(coding)
  checkTarget(target)
  if (image === undefined) return
  const { width, height, channels, white } = image
  if (width * height * channels !== features.length || features.some(({ type }) => type !== 'number')) {
    throw faulty(
      `image has ${width} × ${height} × ${channels} values, and the features are not as many numbers`,
    )
  }
  if (white !== 1 && white !== 255) throw faulty(`image.white is ${white}, and must be 1 or 255`)
}

function checkFeature(feature: FeatureCoding): void {
  const { name } = feature
  if (featureWidth(feature) === 0) throw faulty(`the feature ${quoted(name)} has no categories or parts`)
  for (const each of feature.missingTexts ?? []) checkText(each)
  switch (feature.type) {
    case 'number':
      checkScales(name, [feature.scale])
      return
    case 'date':
      checkTexts(
        feature.parts.map(({ part }) => part),
        `the parts of ${quoted(name)}`,
      )
      checkScales(
        name,
        feature.parts.map(({ scale }) => scale),
      )
      return
    case 'category': {
      checkTexts(feature.categories, `the categories of ${quoted(name)}`)
      const categories = new Set(feature.categories)
      const { unseen = [], imputation } = feature
      const unknown = [...unseen, ...(imputation === undefined ? [] : [imputation])].find(
        (each) => !categories.has(each),
      )
      if (unknown !== undefined) throw faulty(`${quoted(unknown)} is not a category of ${quoted(name)}`)
      return
    }
    case 'boolean':
      return
    default:
      feature satisfies never
  }
}

function checkDerived({ features, derived = [], image }: Coding): void {
  if (derived.length === 0) return
  if (image !== undefined) throw faulty('it has derived features, which pictures cannot have')
  const numbers = new Set(features.flatMap(({ name, type }) => (type === 'number' ? [name] : [])))
  for (const feature of derived) {
    const { type, of, scale } = feature
    const count = type === 'product' ? 2 : 1
    if (of.length !== count) throw faulty(`a derived feature of the type ${type} needs ${count} in "of"`)
    const unknown = of.find((name) => !numbers.has(name))
    if (unknown !== undefined)
      throw faulty(`${quoted(unknown)}, of a derived feature, is not a number feature`)
    checkScales(derivedName(feature), [scale])
  }
}

function checkTarget(target: TargetCoding): void {
  switch (target.type) {
    case 'oneHot':
    case 'binary':
      checkTexts(target.classes, `the classes of ${quoted(target.name)}`)
      if (target.classes.length < 2) throw faulty(`${quoted(target.name)} needs at least two classes`)
      return
    case 'number': {
      const { names, scaling } = target
      if (names.length === 0) throw faulty('the target has no names')
      if (scaling === undefined) return
      if (scaling.offset.length !== names.length || scaling.scale.length !== names.length) {
        throw faulty(`the scaling of the target needs ${names.length} offsets and scales`)
      }
      checkScales(names[0], scaling.scale)
      return
    }
    case 'multiLabel':
      if (target.names.length === 0) throw faulty('the target has no names')
      return
    default:
      target satisfies never
  }
}

function checkScales(name: string, scales: readonly number[]): void {
  if (scales.includes(0)) throw faulty(`a scale of ${quoted(name)} is 0, and values are divided by it`)
}

/** Names that differ only in blanks around them or in their normalization are the same in requests. */
function checkTexts(texts: readonly string[], where: string): void {
  const seen = new Set<string>()
  for (const text of texts) {
    checkText(text)
    const plain = text.trim().normalize('NFC')
    if (seen.has(plain)) throw faulty(`${where} have ${quoted(text)} twice`)
    seen.add(plain)
  }
}

function checkText(text: string): void {
  if (text.length > longestText || !text.isWellFormed() || text.includes('\0')) {
    throw faulty(
      `${quoted(text)} is longer than ${longestText} characters, or has NUL or a lone surrogate, which cannot be stored`,
    )
  }
}

const faulty = (message: string) => refuseField('/coding', message)
