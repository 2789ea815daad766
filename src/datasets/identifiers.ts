/** Columns that name or count their rows instead of describing them, and texts that are not categories. */
import type { DatasetWarning } from '../contract/dataset.js'
import { isTimeName, isUnnamed } from './column-names.js'
import type { ColumnFacts } from './column-survey.js'
import { missingValuesWith } from './missing-text.js'
import { shown } from './shown-text.js'
import { listedExceptions } from './text-evidence.js'

export interface IgnoreReason {
  code: DatasetWarning['code']
  /** A clause: "it …". */
  why: string
  remedy: string
}

/** Of fewer rows nothing is concluded. */
const fewRows = 5
/** Shares of different texts from which on a column names its rows: among few rows, among many texts. */
const nearlyAll = 0.9
const most = 0.5
const manyTexts = 20
/** Share of cells up to which what is no number is an exception. */
const fewExceptions = 0.1
/** Words of a text in the mean from which on it is no name. */
const textWords = 4

/**
 * Why a feature column without a declared type is not used; undefined where it is.
 * @param missing the words of the file that mean a missing value
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
    return identifier('it counts the rows', `types=${name}:number`)
  }
  if (!isUniqueId(fact)) return undefined
  if (!hasLargeIntegers) return identifier('it is different in nearly every row', `types=${name}:number`)
  const why = 'it is different in nearly every row, and its whole numbers beyond 2^53 would be rounded'
  return identifier(why, `types=${name}:category`)
}

/** Whole numbers that are names: by what the column is called, or because no number holds them. */
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
  if (exceptions !== undefined && exceptions.count <= fewExceptions * present) {
    const { place, text, texts, among } = exceptions
    const why = `${place}, ${shown(text)}, is no ${among === 'numbers' ? 'number' : 'date'}, though most of its cells are`
    if (texts.length <= listedExceptions) {
      return { code: 'mixed-column', why, remedy: missingValuesWith(missing, ...texts) }
    }
  }
  if (writtenNumber !== undefined) {
    const why = `${shown(writtenNumber)} is a text here: write numbers like 1234.5, without units`
    return { code: 'numbers-as-text', why, remedy }
  }
  const why = `it has ${distinct ?? 'many'} different texts in ${present} rows`
  if (words < textWords) return identifier(why, remedy)
  return { code: 'free-text', why: `${why}, of ${words.toFixed(0)} words each`, remedy }
}

const identifier = (why: string, remedy: string): IgnoreReason => ({ code: 'identifier-column', why, remedy })
