/** Encodes a single raw value of a row by the coding of its feature. */
import type { Cell, FeatureCoding } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { encodeDate } from './date-parts.js'
import { parseDate } from './date-text.js'
import { isMissingText, toMissingNumbers, toMissingTexts } from './missing-text.js'
import { parseDecimalComma, parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'

/** An error prevents the prediction of the row. A warning reports an ignored value. */
interface CodedCell {
  error?: string
  warning?: string
}

const fine: CodedCell = Object.freeze({})

/** Writes the encoded value at `offset` of inputs that are zero before. */
type CellCoder = (cell: Cell, inputs: Float32Array, offset: number) => CodedCell

const missingValue = 'is missing, and this column has no imputation'

/**
 * Creates the encoder of a feature. It ignores surrounding blanks and differences of Unicode normalization.
 */
export function cellCoder(feature: FeatureCoding): CellCoder {
  const code = featureCoder(feature)
  return (given, inputs, offset) => {
    const cell = typeof given === 'string' ? given.trim().normalize('NFC') : given
    return code(cell, inputs, offset)
  }
}

function featureCoder(feature: FeatureCoding): CellCoder {
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

/** A number such as -99 is missing only if the missing texts of the dataset contain it. */
function missingReader({ missingTexts }: FeatureCoding): (cell: Cell) => boolean {
  const texts = toMissingTexts(missingTexts)
  const numbers = toMissingNumbers(texts)
  return (cell) => {
    if (typeof cell === 'string') return isMissingText(cell, texts)
    return cell === null || (numbers.size > 0 && typeof cell === 'number' && numbers.has(cell))
  }
}

/**
 * Whether a feature accepts a text: a number column accepts numbers, empty texts, and missing values if it
 * imputes them.
 */
export function isReadable(feature: FeatureCoding, text: string): boolean {
  const plain = text.trim()
  if (feature.type !== 'number' || plain === '' || readNumber(feature, plain) !== undefined) return true
  return feature.imputation !== undefined && missingReader(feature)(plain)
}

function numberCoder(feature: Coding<'number'>): CellCoder {
  const isMissingCell = missingReader(feature)
  return (cell, inputs, offset) => {
    const given = readNumber(feature, cell)
    const isMissing = isMissingCell(cell) || (given !== undefined && given !== cell && isMissingCell(given))
    const value = isMissing ? feature.imputation : given
    if (value === undefined) {
      return { error: isMissing ? missingValue : `${shown(String(cell))} is not a number` }
    }
    if (!Number.isFinite(value)) return { error: 'is not a finite number' }
    const encoded = Math.fround((value - feature.offset) / feature.scale)
    if (!Number.isFinite(encoded)) return { error: `${value} is too large for this model` }
    inputs[offset] = encoded
    return fine
  }
}

function readNumber({ decimal }: Coding<'number'>, cell: Cell): number | undefined {
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'string') return undefined
  const commas = decimal === 'comma' ? parseDecimalComma(cell) : undefined
  return commas ?? parseNumber(cell)
}

/** Encodes missing and unknown categories, and those without training rows, as zeros. */
function categoryCoder(feature: Coding<'category'>): CellCoder {
  const { categories, unseen = [], imputation } = feature
  const isMissingCell = missingReader(feature)
  const untrained = new Set(unseen)
  const trained = categories.filter((category) => !untrained.has(category))
  const findCategory = categoryFinder(categories)
  return (cell, inputs, offset) => {
    const found = findCategory(cell)
    const category = found >= 0 ? categories[found] : isMissingCell(cell) ? imputation : String(cell)
    if (category === undefined) return { warning: 'is missing, which is encoded as no category' }
    const index = found >= 0 ? found : findCategory(category)
    if (index >= 0 && !untrained.has(category)) {
      inputs[offset + index] = 1
      return fine
    }
    const warning = `no training row has ${shown(category)}, so it is encoded as none of ${shownNames(trained)}`
    return { warning }
  }
}

/**
 * Finds the index of a JSON value among the categories, or −1. Categories are texts. A number or boolean
 * matches a category in another notation, such as 1.0 or True, unless there are several.
 */
function categoryFinder(categories: readonly string[]): (cell: Cell) => number {
  const positions = new Map(categories.map((category, index) => [category, index]))
  const numbers = indexByValue(categories, parseNumber)
  const booleans = indexByValue(categories, parseBoolean)
  return (cell) => {
    if (cell === null) return -1
    const exact = positions.get(String(cell))
    if (exact !== undefined || typeof cell === 'string') return exact ?? -1
    return (typeof cell === 'number' ? numbers.get(cell) : booleans.get(cell)) ?? -1
  }
}

/** Maps parsed values to category indices. A value of several categories maps to −1. */
function indexByValue<Value>(
  categories: readonly string[],
  parse: (text: string) => Value | undefined,
): ReadonlyMap<Value, number> {
  const positions = new Map<Value, number>()
  for (const [index, category] of categories.entries()) {
    const value = parse(category)
    if (value !== undefined) positions.set(value, positions.has(value) ? -1 : index)
  }
  return positions
}

function booleanCoder(feature: Coding<'boolean'>): CellCoder {
  const isMissingCell = missingReader(feature)
  return (cell, inputs, offset) => {
    const isMissing = isMissingCell(cell)
    const value = isMissing ? feature.imputation : parseBoolean(String(cell))
    if (value !== undefined) {
      inputs[offset] = value ? 1 : 0
      return fine
    }
    const error = isMissing
      ? missingValue
      : `${shown(String(cell))} is not a boolean such as true, false, yes, no, 1 or 0`
    return { error }
  }
}

function dateCoder(feature: Coding<'date'>): CellCoder {
  const isMissingCell = missingReader(feature)
  return (cell, inputs, offset) => {
    const isMissing = isMissingCell(cell)
    const days = isMissing ? feature.imputation : parseDate(String(cell), feature.dateOrder)
    if (days === undefined) {
      return { error: isMissing ? missingValue : `${shown(String(cell))} is not a date, such as 2024-01-31` }
    }
    const numbers = encodeDate(feature, days)
    if (!numbers.every((number) => Number.isFinite(Math.fround(number)))) {
      return { error: `${shown(String(cell))} is too far from the dates that this model was trained on` }
    }
    inputs.set(numbers, offset)
    return fine
  }
}
