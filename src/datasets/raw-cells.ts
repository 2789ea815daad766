/** One raw value of a row, coded as its column was in the training rows. */
import type { Cell, FeatureCoding } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { codedDate } from './date-parts.js'
import { parseDate } from './date-text.js'
import { isMissingText, missingNumbersOf, missingTextsOf } from './missing-text.js'
import { parseDecimalComma, parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'

/** Nothing, or what keeps the row from being answered, or what of it does not count. */
export interface CodedCell {
  error?: string
  warning?: string
}

/** Nothing to say. */
const fine: CodedCell = Object.freeze({})

/** Writes the numbers of one value from `offset` on, into room that is all zeros. */
export type CellCoder = (cell: Cell, inputs: Float32Array, offset: number) => CodedCell

const missingValue = 'is missing, and nothing stands in for a missing value of this column'

/** Blanks around a text do not count, nor which of Unicode's forms it is written in. */
export function cellCoder(feature: FeatureCoding): CellCoder {
  const code = coderOf(feature)
  return (given, inputs, offset) => {
    const cell = typeof given === 'string' ? given.trim().normalize('NFC') : given
    return code(cell, inputs, offset)
  }
}

function coderOf(feature: FeatureCoding): CellCoder {
  switch (feature.type) {
    case 'number':
      return numberCoder(feature)
    case 'category':
      return categoryCoder(feature)
    case 'boolean':
      return booleanCoder(feature)
    case 'date':
      return dateCoder(feature)
    default:
      return feature satisfies never
  }
}

type Coding<Type extends FeatureCoding['type']> = FeatureCoding & { type: Type }

/** A number is a gap only where the dataset's own list of texts names it, such as -99. */
function gapReader({ missingTexts }: FeatureCoding): (cell: Cell) => boolean {
  const texts = missingTextsOf(missingTexts)
  const numbers = missingNumbersOf(texts)
  return (cell) => {
    if (typeof cell === 'string') return isMissingText(cell, texts)
    return cell === null || (numbers.size > 0 && typeof cell === 'number' && numbers.has(cell))
  }
}

/** Whether a text is a number to a number column, or empty, or says that the value is missing, where something stands in. */
export function isReadable(feature: FeatureCoding, text: string): boolean {
  const plain = text.trim()
  if (feature.type !== 'number' || plain === '' || numberOf(feature, plain) !== undefined) return true
  return feature.imputation !== undefined && gapReader(feature)(plain)
}

function numberCoder(feature: Coding<'number'>): CellCoder {
  const isGap = gapReader(feature)
  return (cell, inputs, offset) => {
    const given = numberOf(feature, cell)
    const isMissing = isGap(cell) || (given !== undefined && given !== cell && isGap(given))
    const value = isMissing ? feature.imputation : given
    if (value === undefined) {
      return { error: isMissing ? missingValue : `${shown(String(cell))} is not a number` }
    }
    if (!Number.isFinite(value)) return { error: 'not a finite number' }
    const encoded = Math.fround((value - feature.offset) / feature.scale)
    if (!Number.isFinite(encoded)) return { error: `${value} is too large for this model` }
    inputs[offset] = encoded
    return fine
  }
}

function numberOf({ decimal }: Coding<'number'>, cell: Cell): number | undefined {
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'string') return undefined
  const commas = decimal === 'comma' ? parseDecimalComma(cell) : undefined
  return commas ?? parseNumber(cell)
}

/** A missing, unknown or unseen category enters as zeros: the network cannot know what it means. */
function categoryCoder(feature: Coding<'category'>): CellCoder {
  const { categories, unseen = [], imputation } = feature
  const isGap = gapReader(feature)
  const hidden = new Set(unseen)
  const seen = categories.filter((each) => !hidden.has(each))
  const placeOf = placeFinder(categories)
  return (cell, inputs, offset) => {
    const known = placeOf(cell)
    const category = known >= 0 ? categories[known] : isGap(cell) ? imputation : String(cell)
    if (category === undefined) return { warning: 'is missing, and counts as none of its categories' }
    const place = known >= 0 ? known : placeOf(category)
    if (place >= 0 && !hidden.has(category)) {
      inputs[offset + place] = 1
      return fine
    }
    const warning = `no training row had ${shown(category)}, so it counts as none of ${shownNames(seen)}`
    return { warning }
  }
}

/**
 * The place of a value among categories, −1 where it is none. Categories are texts: a number, or true and false, of
 * JSON is the text that writes it, be it 1.0 or True, unless several do.
 */
function placeFinder(categories: readonly string[]): (cell: Cell) => number {
  const places = new Map(categories.map((category, place) => [category, place]))
  const numbers = placesByMeaning(categories, parseNumber)
  const truths = placesByMeaning(categories, parseBoolean)
  return (cell) => {
    if (cell === null) return -1
    const exact = places.get(String(cell))
    if (exact !== undefined || typeof cell === 'string') return exact ?? -1
    return (typeof cell === 'number' ? numbers.get(cell) : truths.get(cell)) ?? -1
  }
}

/** Where a meaning is written in one way only. */
function placesByMeaning<Meaning>(
  categories: readonly string[],
  read: (text: string) => Meaning | undefined,
): ReadonlyMap<Meaning, number> {
  const places = new Map<Meaning, number>()
  for (const [place, category] of categories.entries()) {
    const meaning = read(category)
    if (meaning !== undefined) places.set(meaning, places.has(meaning) ? -1 : place)
  }
  return places
}

function booleanCoder(feature: Coding<'boolean'>): CellCoder {
  const isGap = gapReader(feature)
  return (cell, inputs, offset) => {
    const isMissing = isGap(cell)
    const value = isMissing ? feature.imputation : parseBoolean(String(cell))
    if (value !== undefined) {
      inputs[offset] = value ? 1 : 0
      return fine
    }
    const error = isMissing
      ? missingValue
      : `${shown(String(cell))} is not a boolean; true, false, yes, no, 1 and 0 are`
    return { error }
  }
}

function dateCoder(feature: Coding<'date'>): CellCoder {
  const isGap = gapReader(feature)
  return (cell, inputs, offset) => {
    const isMissing = isGap(cell)
    const days = isMissing ? feature.imputation : parseDate(String(cell), feature.dateOrder)
    if (days === undefined) {
      return { error: isMissing ? missingValue : `${shown(String(cell))} is not a date, such as 2024-01-31` }
    }
    const numbers = codedDate(feature, days)
    if (!numbers.every((number) => Number.isFinite(Math.fround(number)))) {
      return { error: `${shown(String(cell))} is too far from the dates that this model was trained on` }
    }
    inputs.set(numbers, offset)
    return fine
  }
}
