/** One raw value of a row, coded as its column was in the training rows. */
import type { Cell, FeatureCoding } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { codedDate } from './date-parts.js'
import { parseDate } from './date-text.js'
import { isMissingText } from './missing-text.js'
import { parseDecimalComma, parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'

/** Nothing, or what keeps the row from being answered, or what of it does not count. */
export interface CodedCell {
  error?: string
  warning?: string
}

const missingValue = 'is missing, and nothing stands in for a missing value of this column'

/** Writes the numbers of one value from `offset` on, into room that is all zeros. */
export function codeCell(
  feature: FeatureCoding,
  given: Cell,
  inputs: Float32Array,
  offset: number,
): CodedCell {
  const cell = typeof given === 'string' ? given.trim().normalize('NFC') : given
  switch (feature.type) {
    case 'number':
      return codeNumber(feature, cell, inputs, offset)
    case 'category':
      return codeCategory(feature, cell, inputs, offset)
    case 'boolean':
      return codeBoolean(feature, cell, inputs, offset)
    case 'date':
      return codeDate(feature, cell, inputs, offset)
    default:
      return feature satisfies never
  }
}

type Coding<Type extends FeatureCoding['type']> = FeatureCoding & { type: Type }

const isMissing = (cell: Cell) => cell === null || (typeof cell === 'string' && isMissingText(cell))

function codeNumber(feature: Coding<'number'>, cell: Cell, inputs: Float32Array, offset: number): CodedCell {
  const value = isMissing(cell) ? feature.imputation : numberOf(feature, cell)
  if (value === undefined) {
    return { error: isMissing(cell) ? missingValue : `${shown(String(cell))} is not a number` }
  }
  if (!Number.isFinite(value)) return { error: 'not a finite number' }
  const encoded = Math.fround((value - feature.offset) / feature.scale)
  if (!Number.isFinite(encoded)) return { error: `${value} is too large for this model` }
  inputs[offset] = encoded
  return {}
}

function numberOf({ decimal }: Coding<'number'>, cell: Cell): number | undefined {
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'string') return undefined
  const commas = decimal === 'comma' ? parseDecimalComma(cell) : undefined
  return commas ?? parseNumber(cell)
}

/** A missing, unknown or unseen category enters as zeros: the network cannot know what it means. */
function codeCategory(
  feature: Coding<'category'>,
  cell: Cell,
  inputs: Float32Array,
  offset: number,
): CodedCell {
  const { categories, unseen = [], imputation } = feature
  const known = cell === null ? -1 : categories.indexOf(String(cell))
  const isGap = known < 0 && isMissing(cell)
  const category = isGap ? imputation : String(cell)
  if (category === undefined) return { warning: 'is missing, and counts as none of its categories' }
  const place = known >= 0 ? known : categories.indexOf(category)
  if (place >= 0 && !unseen.includes(category)) {
    inputs[offset + place] = 1
    return {}
  }
  const seen = categories.filter((each) => !unseen.includes(each))
  return {
    warning: `no training row had ${shown(category)}, so it counts as none of ${shownNames(seen)}`,
  }
}

function codeBoolean(
  feature: Coding<'boolean'>,
  cell: Cell,
  inputs: Float32Array,
  offset: number,
): CodedCell {
  const value = isMissing(cell) ? feature.imputation : parseBoolean(String(cell))
  if (value === undefined) {
    const error = isMissing(cell)
      ? missingValue
      : `${shown(String(cell))} is not a boolean; true, false, yes, no, 1 and 0 are`
    return { error }
  }
  inputs[offset] = value ? 1 : 0
  return {}
}

function codeDate(feature: Coding<'date'>, cell: Cell, inputs: Float32Array, offset: number): CodedCell {
  const days = isMissing(cell) ? feature.imputation : parseDate(String(cell), feature.dateOrder)
  if (days === undefined) {
    const error = isMissing(cell) ? missingValue : `${shown(String(cell))} is not a date, such as 2024-01-31`
    return { error }
  }
  inputs.set(codedDate(feature, days), offset)
  return {}
}
