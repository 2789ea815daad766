/** Columns that name or count their rows instead of describing them, and texts that are not categories. */
import type { DatasetWarning } from '../contract/dataset.js'
import type { ColumnFacts } from './column-survey.js'

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
/** Words of a text in the mean from which on it is no name. */
const textWords = 4

/** Why a feature column without a declared type is not used; undefined where it is. */
export function identifierReason(fact: ColumnFacts): IgnoreReason | undefined {
  const { column, kind, distinct, present, words, namedAsId } = fact
  const { name } = column
  if (kind === 'number') {
    const startsAtOne = fact.isConsecutive && (fact.minimum === 0 || fact.minimum === 1)
    const isRowNumber = fact.isConsecutive && (startsAtOne || isUnnamed(fact))
    if (isRowNumber) return identifier(`it counts the rows`, `types=${name}:number`)
    const isId = namedAsId && fact.integers && distinct === present && present >= fewRows
    return isId ? identifier('it is different in every row', `types=${name}:number`) : undefined
  }
  if (kind !== 'text') return undefined
  const count = distinct ?? Number.POSITIVE_INFINITY
  const isDifferent =
    present >= fewRows && (count >= nearlyAll * present || (count > most * present && count > manyTexts))
  if (!isDifferent) return undefined
  const shownCount = distinct === undefined ? 'many' : `${distinct}`
  const why = `it has ${shownCount} different texts in ${present} rows`
  return words >= textWords
    ? {
        code: 'free-text',
        why: `${why}, of ${words.toFixed(0)} words each`,
        remedy: `types=${name}:category`,
      }
    : identifier(why, `types=${name}:category`)
}

const identifier = (why: string, remedy: string): IgnoreReason => ({ code: 'identifier-column', why, remedy })

/** pandas writes an index into a column of its own. */
const isUnnamed = ({ column }: ColumnFacts) =>
  column.suggestedRole === 'feature' || /^__index_level_\d+__$/.test(column.name)

/** Whether a column can be the target when nobody says which is. */
export function isFitTarget(fact: ColumnFacts): boolean {
  const { kind, distinct, present, namedAsId, rises, isConsecutive } = fact
  if (isUnnamed(fact)) return false
  switch (kind) {
    case 'none':
    case 'date':
      return false
    case 'number':
      return !(rises || isConsecutive) && !(namedAsId && distinct === present)
    case 'decimalComma':
    case 'boolean':
      return true
    case 'text':
      return (
        distinct !== undefined &&
        !(present >= fewRows && distinct === present) &&
        identifierReason(fact) === undefined
      )
    default:
      return kind satisfies never
  }
}
