/** Chooses the target when the request does not. */
import type { DatasetWarning } from '../contract/dataset.js'
import { maximumCategories } from './categories.js'
import { isUnnamed } from './column-names.js'
import type { ColumnFacts } from './column-survey.js'
import { identifierReason } from './identifiers.js'

/** Fewer ascending numbers are not enough evidence for a row number. */
const fewRising = 20
/** The largest mean step of a row number after rows were removed. */
const largestStep = 10

interface DefaultTarget {
  name: string
  /** Present if the target is not the last column, or not a good target. */
  notice: DatasetWarning | undefined
}

/** The last column that can be a target, else the last column with a name. */
export function defaultTarget(facts: readonly ColumnFacts[]): DefaultTarget | undefined {
  const fit = facts.findLast((fact) => unfitReason(fact) === undefined)
  const named = facts.findLast(({ column }) => !isUnnamed(column)) ?? facts.at(-1)
  if (fit === undefined) {
    const why = named && unfitReason(named)
    if (named === undefined || why === undefined) return undefined
    const { name } = named.column
    const message = `${name} is the target because no column is better, although ${why}; otherwise: target=NAME`
    return { name, notice: { code: 'assumption', columns: [name], message } }
  }
  const { name } = fit.column
  if (named === undefined || named === fit) return { name, notice: undefined }
  const last = named.column.name
  const message = `${name} is the target, not the last column ${last}, because ${unfitReason(named)}; otherwise: target=${last}`
  return { name, notice: { code: 'assumption', columns: [name], message } }
}

/** Why a column cannot be the default target, as a clause. Undefined if it can. */
function unfitReason(fact: ColumnFacts): string | undefined {
  const { column, kind, distinct = Number.POSITIVE_INFINITY } = fact
  if (isUnnamed(column)) return 'it is an index'
  switch (kind) {
    case 'none':
      return 'it has no values'
    case 'date':
      return 'it contains dates'
    case 'number':
      return isRowNumber(fact) ? 'it is a row number' : identifierReason(fact, [])?.why
    case 'text':
      if (distinct > maximumCategories) return `it has more than ${maximumCategories} different texts`
      return identifierReason(fact, [])?.why
    case 'decimalComma':
    case 'boolean':
      return undefined
    default:
      return kind satisfies never
  }
}

function isRowNumber({ isConsecutive, rises, present, minimum, maximum }: ColumnFacts): boolean {
  return isConsecutive || (rises && present >= fewRising && maximum - minimum <= largestStep * present)
}
