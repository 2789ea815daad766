/** From what was seen of all cells to what each column is: its type, its role, and how its cells are read. */
import type { ColumnType, DatasetWarning, DateOrder, Imputation } from '../contract/dataset.js'
import type { MissingRule, Preparation } from '../contract/preparation.js'
import type { CellKind, ColumnFacts } from './column-survey.js'
import { identifierReason, isFitTarget } from './identifiers.js'
import { missingTextsOf } from './missing-text.js'
import { checkNames } from './preparation-names.js'
import type { ColumnReading } from './reading/batch.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

export interface ColumnPlan {
  name: string
  role: 'feature' | 'target' | 'none'
  type: ColumnType
  /** Whether the user, or a dataset that this one is to be like, says the type. */
  isDeclared: boolean
  reading: ColumnReading
  missing: 'drop' | Imputation | undefined
  missingTexts: ReadonlySet<string>
  dateOrder: DateOrder | undefined
  /** Cells without a value that were counted in the file. */
  gaps: number
  /** Found out of its type or use, for the warnings. */
  notices: DatasetWarning[]
}

/** A category of cells without a value. */
export const missingCategory = '(missing)'

/** Classes at most that whole numbers of a target make, and rows of each in the mean. */
const mostNumberClasses = 20
const leastRowsOfClass = 5
/** From this share of the rows on, a word like None is a class of the target. */
const frequentWord = 0.05
/** Columns that lack more are ignored. */
const mostMissing = 0.5

/** @throws DatasetError when the parameters do not fit the columns */
export function planColumns(facts: readonly ColumnFacts[], preparation: Preparation): ColumnPlan[] {
  checkNames(
    facts.map(({ column }) => column.name),
    preparation,
  )
  const targets = targetsOf(facts, preparation)
  const names = facts.map(({ column }) => column.name)
  if (facts.length < 2 || targets.size === facts.length) {
    throw invalid(`the columns are ${shownNames(names)}: at least one feature and a target are needed`)
  }
  const planned = (usesIdentifiers: boolean) =>
    facts.map((fact) =>
      targets.has(fact.column.name)
        ? planTarget(fact, preparation, targets.size === 1)
        : planFeature(fact, preparation, usesIdentifiers),
    )
  const plans = planned(false)
  // Better a feature that may say little than none.
  return plans.some(({ role }) => role === 'feature') ? plans : planned(true)
}

/** What the user says, else the format, else the last column that can be one. */
function targetsOf(facts: readonly ColumnFacts[], preparation: Preparation): ReadonlySet<string> {
  const { target, like } = preparation
  if (target !== undefined) return new Set(target)
  const likeTargets = like?.flatMap(({ name, role }) => (role === 'target' ? [name] : []))
  if (likeTargets !== undefined) return new Set(likeTargets)
  const suggested = facts.filter(({ column }) => column.suggestedRole === 'target')
  if (suggested.length > 0) return new Set(suggested.map(({ column }) => column.name))
  const usable = facts.filter(({ column }) => declaredType(column.name, preparation) !== 'ignored')
  const fit = usable.findLast(
    (fact) => declaredType(fact.column.name, preparation) !== 'date' && isFitTarget(fact),
  )
  const named = usable.findLast(({ column }) => column.suggestedRole !== 'feature')
  const last = fit ?? named ?? usable.at(-1)
  return new Set(last === undefined ? [] : [last.column.name])
}

function declaredType(name: string, { types, like }: Preparation): ColumnType | undefined {
  const said = types.find((each) => each.name === name)?.type
  if (said !== undefined || like === undefined) return said
  return like.find((each) => each.name === name)?.type ?? 'ignored'
}

const typeOfKind: Record<Exclude<CellKind, 'none'>, ColumnType> = {
  number: 'number',
  decimalComma: 'number',
  date: 'date',
  boolean: 'boolean',
  text: 'category',
}

function readingOf(type: ColumnType, kind: CellKind): ColumnReading {
  switch (type) {
    case 'number':
      return kind === 'decimalComma' ? 'decimalComma' : 'infer'
    case 'category':
    case 'boolean':
    case 'date':
      return 'text'
    case 'ignored':
      return 'skip'
    default:
      return type satisfies never
  }
}

/** `isOnly`: there is no other target, so that it can be a class. */
function planTarget(fact: ColumnFacts, preparation: Preparation, isOnly: boolean): ColumnPlan {
  const { column, kind, rows, present } = fact
  const { name } = column
  const declared = declaredType(name, preparation) ?? column.suggestedType
  if (declared === 'ignored') throw invalid(`${name} is the target, so it cannot be ignored`)
  const notices: DatasetWarning[] = []
  const missingTexts = missingTextsOf(preparation.missingValues)
  const classWords = declared === undefined || declared === 'category' ? classWordsOf(fact, preparation) : []
  if (present === 0 && rows > 0 && classWords.length === 0) {
    throw invalid(`${name} is the target, but it has no value in any row; say target=NAME for another column`)
  }
  if (classWords.length > 0) notices.push(missingAsClass(name, classWords))
  let type = declared ?? (kind === 'none' ? 'category' : typeOfKind[kind])
  if (declared === undefined && isOnly && type === 'number' && isFewIntegers(fact)) {
    type = 'category'
    notices.push(numbersAsClasses(fact))
  }
  if (type === 'date') {
    throw invalid(
      `${name} is the target, but it holds dates, which cannot be predicted; say target=NAME for another column, or types=${name}:category`,
    )
  }
  if (declared === undefined && classWords.length > 0) type = 'category'
  return {
    ...common(fact, preparation, type, declared !== undefined),
    role: 'target',
    missing: 'drop',
    missingTexts: new Set([...missingTexts].filter((text) => !classWords.includes(text))),
    notices: [...notices, ...typeNotices(fact, type, declared)],
  }
}

/** Words such as None that stand too often in a target of texts to be gaps. */
function classWordsOf({ kind, rows, missingTexts }: ColumnFacts, { missingValues }: Preparation): string[] {
  if (missingValues !== undefined || (kind !== 'text' && kind !== 'none')) return []
  return [...missingTexts]
    .filter(([text, count]) => /[a-z]{2}/.test(text) && count >= frequentWord * rows)
    .map(([text]) => text)
}

function isFewIntegers({ kind, integers, distinct, present, hasLargeIntegers }: ColumnFacts): boolean {
  if (kind !== 'number' || !integers || hasLargeIntegers || distinct === undefined) return false
  if (distinct === 2) return present >= 2 * distinct
  return distinct > 2 && distinct <= mostNumberClasses && present >= leastRowsOfClass * distinct
}

function planFeature(fact: ColumnFacts, preparation: Preparation, usesIdentifiers: boolean): ColumnPlan {
  const { column, kind, rows, present } = fact
  const { name } = column
  const said = declaredType(name, preparation)
  const declared = said ?? column.suggestedType
  const rule = ruleOf(name, preparation)
  const reason =
    declared !== undefined
      ? undefined
      : kind === 'none'
        ? ({
            code: 'ignored-column',
            why: 'it has no value in any row',
            remedy: `types=${name}:ignored`,
          } as const)
        : rows - present > mostMissing * rows && rule.isGeneral && isDefault(rule.rule)
          ? ({
              code: 'mostly-missing',
              why: `it has no value in ${rows - present} of ${rows} rows`,
              remedy: `types=${name}:${typeOfKind[kind]}`,
            } as const)
          : usesIdentifiers
            ? undefined
            : identifierReason(fact)
  if (reason !== undefined) {
    const message = `${name} is ignored, because ${reason.why}; to ${reason.code === 'ignored-column' ? 'say so' : 'use it'}: ${reason.remedy}`
    return {
      ...common(fact, preparation, 'ignored', false),
      notices: [{ code: reason.code, columns: [name], message }],
    }
  }
  const hasGaps = present < rows
  const found = kind === 'none' ? 'ignored' : typeOfKind[kind]
  const isThreefold = declared === undefined && found === 'boolean' && hasGaps && rule.rule === 'impute'
  const type = declared ?? (isThreefold ? 'category' : found)
  return {
    ...common(fact, preparation, type, said !== undefined),
    missing: imputationOf(rule.rule, type, hasGaps),
    notices: typeNotices(fact, type, declared),
  }
}

function common(
  { column, kind, rows, present, dateOrder }: ColumnFacts,
  { missingValues, like }: Preparation,
  type: ColumnType,
  isDeclared: boolean,
): ColumnPlan {
  const { name } = column
  const order = like?.find((each) => each.name === name)?.dateOrder ?? dateOrder
  return {
    name,
    role: type === 'ignored' ? 'none' : 'feature',
    type,
    isDeclared,
    reading: readingOf(type, kind),
    missing: undefined,
    missingTexts: missingTextsOf(missingValues),
    dateOrder: type === 'date' ? order : undefined,
    gaps: isDeclared && type === 'ignored' ? 0 : rows - present,
    notices: [],
  }
}

const isDefault = (rule: MissingRule) => rule === 'impute' || rule === 'drop'

/** `isGeneral`: nobody named this column. */
function ruleOf(name: string, { missing, like }: Preparation): { rule: MissingRule; isGeneral: boolean } {
  const own = missing.columns.find((each) => each.name === name)?.rule
  if (own !== undefined) return { rule: own, isGeneral: false }
  const known = like?.find((each) => each.name === name)
  if (known !== undefined) return { rule: known.imputation ?? 'impute', isGeneral: true }
  return { rule: missing.everywhere, isGeneral: true }
}

/** What `impute` means for a type. A category of its own is made for gaps that there are. */
function imputationOf(rule: MissingRule, type: ColumnType, hasGaps: boolean): ColumnPlan['missing'] {
  if (type === 'ignored') return undefined
  if (rule !== 'impute') return rule
  if (type === 'category') return hasGaps ? { constant: missingCategory } : undefined
  return 'mean'
}

function typeNotices(
  fact: ColumnFacts,
  type: ColumnType,
  declared: ColumnType | undefined,
): DatasetWarning[] {
  const { column, kind, firstWord, dateOrder, isOrderAssumed, hasLargeIntegers } = fact
  const { name } = column
  const columns = [name]
  const notices: DatasetWarning[] = []
  if (type === 'category' && declared === undefined && firstWord !== undefined) {
    const { place, text } = firstWord
    const message = `${name} is a category because of ${place}, ${shown(text)}, though most of its cells are numbers; correct that cell, or leave the column out: types=${name}:ignored`
    notices.push({ code: 'mixed-column', columns, message })
  }
  if (type === 'number' && kind === 'decimalComma') {
    const message = `${name} is read with a decimal comma, so that 1,5 is one and a half; otherwise: decimal=point`
    notices.push({ code: 'decimal-comma', columns, message })
  }
  if (type === 'number' && hasLargeIntegers) {
    const message = `${name} holds whole numbers beyond 2^53, which are rounded as numbers; where they are names: types=${name}:category`
    notices.push({ code: 'large-integers', columns, message })
  }
  if (type === 'date' && declared === undefined) {
    const order =
      isOrderAssumed && dateOrder !== undefined
        ? ` Whether the day or the month stands first does not show; the ${dateOrder === 'dayFirst' ? 'day' : 'month'} is assumed.`
        : ''
    const message = `${name} holds dates; the year, month, day of the week and days since the first are used.${order} Otherwise: types=${name}:ignored`
    notices.push({ code: 'date-column', columns, message })
  }
  return notices
}

function missingAsClass(name: string, words: readonly string[]): DatasetWarning {
  const listed = shownNames(words.map(shown))
  const message = `${listed} stands in ${name} so often that it is a class, not a gap; otherwise: missingValues=${words.join(',')}`
  return { code: 'missing-as-class', columns: [name], message }
}

function numbersAsClasses({ column: { name }, distinct, examples }: ColumnFacts): DatasetWarning {
  const sample =
    distinct !== undefined && distinct > examples.length ? `${examples.join(', ')}, …` : examples.join(', ')
  const message = `${name} has ${distinct} different whole numbers (${sample}), which are taken for classes; to predict a number: types=${name}:number`
  return { code: 'numbers-as-classes', columns: [name], message }
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
