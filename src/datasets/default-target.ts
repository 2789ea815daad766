/** Which column is to be predicted when nobody says it. */
import type { DatasetWarning } from '../contract/dataset.js'
import { maximumCategories } from './categories.js'
import { isUnnamed } from './column-names.js'
import type { ColumnFacts } from './column-survey.js'
import { identifierReason } from './identifiers.js'

/** Of fewer rising numbers nothing is concluded. */
const fewRising = 20
/** What is left of an index after rows were taken out rises by this much a row at most, in the mean. */
const largestStep = 10

export interface DefaultTarget {
  name: string
  /** The last column would have been expected. */
  notice: DatasetWarning | undefined
}

/** The last of the columns that can be one; where none can, the last that has a name. */
export function defaultTarget(facts: readonly ColumnFacts[]): DefaultTarget | undefined {
  const fit = facts.findLast((fact) => unfitReason(fact) === undefined)
  const named = facts.findLast(({ column }) => !isUnnamed(column)) ?? facts.at(-1)
  if (fit === undefined) {
    const why = named && unfitReason(named)
    if (named === undefined || why === undefined) return undefined
    const { name } = named.column
    const message = `${name} is the target for want of a better one, though ${why}; otherwise: target=NAME`
    return { name, notice: { code: 'assumption', columns: [name], message } }
  }
  const { name } = fit.column
  if (named === undefined || named === fit) return { name, notice: undefined }
  const passed = named.column.name
  const message = `${name} is the target, and not the last column, ${passed}, because ${unfitReason(named)}; otherwise: target=${passed}`
  return { name, notice: { code: 'assumption', columns: [name], message } }
}

/** Why a column is no target by default: a clause; undefined where it can be one. */
function unfitReason(fact: ColumnFacts): string | undefined {
  const { column, kind, distinct = Number.POSITIVE_INFINITY } = fact
  if (isUnnamed(column)) return 'it is an index'
  switch (kind) {
    case 'none':
      return 'it has no value in any row'
    case 'date':
      return 'it holds dates'
    case 'number':
      return countsRows(fact) ? 'it counts the rows' : identifierReason(fact, [])?.why
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

function countsRows({ isConsecutive, rises, present, minimum, maximum }: ColumnFacts): boolean {
  return isConsecutive || (rises && present >= fewRising && maximum - minimum <= largestStep * present)
}
