/** Detects columns that identify or number rows, and texts that are not categories. */
import type { DatasetWarning } from '../contract/dataset.js'
import { isTimeName, isUnnamed } from './column-names.js'
import type { ColumnFacts } from './column-survey.js'
import { missingValuesParameter } from './missing-text.js'
import { shown } from './shown-text.js'
import { listedExceptions } from './text-evidence.js'

export interface IgnoreReason {
  code: DatasetWarning['code']
  /** A clause: "it …". */
  why: string
  remedy: string
}

/** Fewer rows are not enough evidence. */
const fewRows = 5
/** A column identifies rows above this share of distinct values, */
const nearlyAll = 0.9
/** or above this share if it has many distinct texts. */
const most = 0.5
const manyTexts = 20
/** Non-numbers are exceptions up to this share of the cells. */
const maximumExceptions = 0.1
/** Texts with at least this mean number of words are free text. */
const textWords = 4

/**
 * Why a feature column without a declared type is ignored, or undefined.
 * @param missing the texts of the file that mean a missing value
 */
export function identifierReason(fact: ColumnFacts, missing: Iterable<string>): IgnoreReason | undefined {
  switch (fact.kind) {
    case 'number':
      return numberReason(fact)
    case 'text':
      return isDifferent(fact) ? textReason(fact, missing) : undefined
    case 'none':
    case 'decimalComma':
    case 'date':
    case 'boolean':
      return undefined
    default:
      return fact.kind satisfies never
  }
}

function numberReason(fact: ColumnFacts): IgnoreReason | undefined {
  const { column, isConsecutive, minimum, hasLargeIntegers } = fact
  const { name } = column
  const startsAtOne = minimum === 0 || minimum === 1
  if (isConsecutive && (isUnnamed(column) || (startsAtOne && !isTimeName(name)))) {
    return identifier('it is a row number', `types=${name}:number`)
  }
  if (!isUniqueId(fact)) return undefined
  if (!hasLargeIntegers) return identifier('it is different in nearly every row', `types=${name}:number`)
  const why = 'it is different in nearly every row, and its integers beyond 2^53 would be rounded'
  return identifier(why, `types=${name}:category`)
}

/** Whether the values are distinct integers, and the column name or their size indicates identifiers. */
function isUniqueId({ namedAsId, hasLargeIntegers, integers, distinct, present }: ColumnFacts): boolean {
  if (!(namedAsId || hasLargeIntegers) || !integers || present < fewRows) return false
  return distinct === undefined || distinct >= nearlyAll * present
}

function isDifferent({ distinct = Number.POSITIVE_INFINITY, present }: ColumnFacts): boolean {
  if (present < fewRows) return false
  return distinct >= nearlyAll * present || (distinct > most * present && distinct > manyTexts)
}

function textReason(fact: ColumnFacts, missing: Iterable<string>): IgnoreReason {
  const { column, distinct, present, words, exceptions, writtenNumber } = fact
  const remedy = `types=${column.name}:category`
  if (exceptions !== undefined && exceptions.count <= maximumExceptions * present) {
    const { place, text, texts, among } = exceptions
    const why = `${shown(text)} in ${place} is not a ${among === 'numbers' ? 'number' : 'date'}, although most of its cells are`
    if (texts.length <= listedExceptions) {
      return { code: 'mixed-column', why, remedy: missingValuesParameter(missing, ...texts) }
    }
  }
  if (writtenNumber !== undefined) {
    const why = `${shown(writtenNumber)} is a text (write numbers like 1234.5, without units)`
    return { code: 'numbers-as-text', why, remedy }
  }
  const why = `it has ${distinct ?? 'many'} different texts in ${present} rows`
  if (words < textWords) return identifier(why, remedy)
  return { code: 'free-text', why: `${why}, with ${words.toFixed(0)} words on average`, remedy }
}

const identifier = (why: string, remedy: string): IgnoreReason => ({ code: 'identifier-column', why, remedy })
