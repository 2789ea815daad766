/** Plans each column from the survey of its cells: its type, its role, and how to read its cells. */
import type { ColumnType, DatasetWarning, DateOrder, Imputation } from '../contract/dataset.js'
import type { LikeColumn, MissingRule, Preparation } from '../contract/preparation.js'
import { missingCategory } from './categories.js'
import { missingAsClass, numbersAsClasses, typeNotices } from './column-notices.js'
import { type CellKind, type ColumnFacts, collectMissingTexts } from './column-survey.js'
import { defaultTarget } from './default-target.js'
import { type IgnoreReason, identifierReason } from './identifiers.js'
import { plainText, toMissingTexts } from './missing-text.js'
import { checkNames } from './preparation-names.js'
import type { ColumnReading } from './reading/batch.js'
import { shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

export interface ColumnPlan {
  name: string
  role: 'feature' | 'target' | 'none'
  type: ColumnType
  /** Whether the request or the `like` dataset sets the type. */
  isDeclared: boolean
  reading: ColumnReading
  missing: 'drop' | Imputation | undefined
  missingTexts: ReadonlySet<string>
  dateOrder: DateOrder | undefined
  /** The number of missing cells in the file. */
  missingCells: number
  /** Warnings about the inferred type or role. */
  notices: DatasetWarning[]
}

/**
 * A target of integers has classes up to this number of distinct values, with this mean number of rows each.
 */
const maximumNumberClasses = 20
const minimumRowsPerClass = 5
/** A word like None in at least this share of the rows is a class of the target. */
const frequentWord = 0.05
/** Below this number of rows, distinct texts may be categories if there is no other feature. */
const fewRows = 20
/** Columns with a larger share of missing cells are ignored. */
const maximumMissingShare = 0.5

/** @throws DatasetError when the parameters do not fit the columns */
export function planColumns(facts: readonly ColumnFacts[], preparation: Preparation): ColumnPlan[] {
  checkNames(
    facts.map(({ column }) => column.name),
    preparation,
  )
  const targets = chooseTargets(facts, preparation)
  const names = facts.map(({ column }) => column.name)
  if (facts.length < 2 || targets.names.size === 0 || targets.names.size === facts.length) {
    throw invalid(`the columns are ${shownNames(names)}: at least one feature and one target are required`)
  }
  const file = {
    preparation,
    targets,
    missing: collectMissingTexts(facts),
  }
  const planned = (isLastResort: boolean) =>
    facts.map((fact) =>
      targets.names.has(fact.column.name) ? planTarget(fact, file) : planFeature(fact, file, isLastResort),
    )
  const plans = planned(false)
  // A weak feature is better than none.
  return plans.some(({ role }) => role === 'feature') ? plans : planned(true)
}

/** Facts that all columns share. */
interface FileFacts {
  preparation: Preparation
  targets: Targets
  /** Texts that mean a missing value in any column. */
  missing: ReadonlySet<string>
}

interface Targets {
  names: ReadonlySet<string>
  /** Warning about a target chosen by default. */
  notice?: DatasetWarning | undefined
}

/** The targets of the request, else of the `like` dataset, else of the format, else the default target. */
function chooseTargets(facts: readonly ColumnFacts[], preparation: Preparation): Targets {
  const { target, like } = preparation
  if (target !== undefined) return { names: new Set(target) }
  const likeTargets = like?.flatMap(({ name, role }) => (role === 'target' ? [name] : []))
  if (likeTargets !== undefined) return { names: new Set(likeTargets) }
  const suggested = facts.filter(({ column }) => column.suggestedRole === 'target')
  if (suggested.length > 0) return { names: new Set(suggested.map(({ column }) => column.name)) }
  const usable = facts.filter(({ column }) => {
    const type = declaredType(column.name, preparation)
    return type !== 'ignored' && type !== 'date'
  })
  const { name, notice } = defaultTarget(usable) ?? {}
  return { names: new Set(name === undefined ? [] : [name]), notice }
}

function declaredType(name: string, { types, like }: Preparation): ColumnType | undefined {
  const requested = types.find((column) => column.name === name)?.type
  if (requested !== undefined || like === undefined) return requested
  return like.find((column) => column.name === name)?.type ?? 'ignored'
}

const typeOfKind: Record<Exclude<CellKind, 'none'>, ColumnType> = {
  number: 'number',
  decimalComma: 'number',
  date: 'date',
  boolean: 'boolean',
  text: 'category',
}

function columnReading(type: ColumnType, kind: CellKind): ColumnReading {
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

function planTarget(fact: ColumnFacts, { preparation, targets, missing }: FileFacts): ColumnPlan {
  const { column, kind, rows, present } = fact
  const { name } = column
  const declared = declaredType(name, preparation) ?? column.suggestedType
  if (declared === 'ignored') throw invalid(`${name} is the target, so it cannot be ignored`)
  const notices = targets.notice === undefined ? [] : [targets.notice]
  const missingTexts = toMissingTexts(preparation.missingValues)
  const likeColumn = preparation.like?.find((column) => column.name === name)
  const knownClasses = new Set(likeColumn?.classes?.map(plainText))
  const classWords =
    declared === undefined || declared === 'category' ? findClassWords(fact, preparation) : []
  if (present === 0 && rows > 0 && classWords.length === 0 && knownClasses.size === 0) {
    throw invalid(`${name} is the target but has no values; set target=NAME for another column`)
  }
  if (classWords.length > 0) notices.push(missingAsClass(name, classWords, missing))
  let type = declared ?? (kind === 'none' ? 'category' : typeOfKind[kind])
  // If there are several targets, they are numbers.
  if (declared === undefined && targets.names.size === 1 && type === 'number' && isFewIntegers(fact)) {
    type = 'category'
    notices.push(numbersAsClasses(fact))
  }
  if (type === 'date') {
    throw invalid(
      `${name} is the target but contains dates, which cannot be predicted; set target=NAME for another column, or types=${name}:category`,
    )
  }
  if (declared === undefined && classWords.length > 0) type = 'category'
  return {
    ...common(fact, preparation, type, declared !== undefined),
    role: 'target',
    missing: likeColumn?.keepsMissing === true ? undefined : 'drop',
    missingTexts: new Set(
      [...missingTexts].filter((text) => !classWords.includes(text) && !knownClasses.has(text)),
    ),
    notices: [...notices, ...columnNotices(fact, type, declared, { preparation, targets, missing })],
  }
}

/** The number of cells with a word such as None, which may be a category in a column of texts. */
function countClassWords({ kind, missingTexts }: ColumnFacts): number {
  if (kind !== 'text') return 0
  return [...missingTexts].reduce((sum, [text, count]) => sum + (isWord(text) ? count : 0), 0)
}

const isWord = (text: string) => /[a-z]{2}/.test(text)

/** Words such as None that are too frequent in a target of texts to mean a missing value. */
function findClassWords({ kind, rows, missingTexts }: ColumnFacts, { missingValues }: Preparation): string[] {
  if (missingValues !== undefined || (kind !== 'text' && kind !== 'none')) return []
  return [...missingTexts]
    .filter(([text, count]) => isWord(text) && count >= frequentWord * rows)
    .map(([text]) => text)
}

function isFewIntegers({ kind, integers, values, present, hasLargeIntegers }: ColumnFacts): boolean {
  if (kind !== 'number' || !integers || hasLargeIntegers) return false
  const distinct = values.length
  if (distinct === 2) return present >= 2 * distinct
  return distinct > 2 && distinct <= maximumNumberClasses && present >= minimumRowsPerClass * distinct
}

function columnNotices(
  fact: ColumnFacts,
  type: ColumnType,
  declared: ColumnType | undefined,
  { preparation, missing }: FileFacts,
): DatasetWarning[] {
  const saysComma = preparation.decimal === 'comma'
  return typeNotices(fact, { type, isDeclared: declared !== undefined, saysComma, missing })
}

/** @param isLastResort whether to keep weak features, because there are no others */
function planFeature(fact: ColumnFacts, file: FileFacts, isLastResort: boolean): ColumnPlan {
  const { column, kind, rows, present } = fact
  const { name } = column
  const { preparation } = file
  const requested = declaredType(name, preparation)
  const declared = requested ?? column.suggestedType
  const { rule } = findRule(name, preparation)
  const reason = declared === undefined ? ignoreReason(fact, file, isLastResort) : undefined
  if (reason !== undefined) {
    const message = `${name} is ignored because ${reason.why}; to ${reason.code === 'ignored-column' ? 'confirm' : 'use it'}: ${reason.remedy}`
    return {
      ...common(fact, preparation, 'ignored', false),
      notices: [{ code: reason.code, columns: [name], message }],
    }
  }
  const hasMissing = present < rows
  const inferred = kind === 'none' ? 'ignored' : typeOfKind[kind]
  // A boolean with missing values has three categories.
  const hasThreeValues = declared === undefined && inferred === 'boolean' && hasMissing && rule === 'impute'
  const type = declared ?? (hasThreeValues ? 'category' : inferred)
  return {
    ...common(fact, preparation, type, requested !== undefined),
    missing: chooseImputation(rule, type, hasMissing),
    notices: columnNotices(fact, type, declared, file),
  }
}

function ignoreReason(
  fact: ColumnFacts,
  { preparation, missing }: FileFacts,
  isLastResort: boolean,
): IgnoreReason | undefined {
  const { column, kind, rows, present } = fact
  const { name } = column
  if (kind === 'none') {
    return { code: 'ignored-column', why: 'it has no values', remedy: `types=${name}:ignored` }
  }
  const { rule, isGeneral } = findRule(name, preparation)
  const missingCells = rows - present
  const isMostlyMissing = missingCells - countClassWords(fact) > maximumMissingShare * rows
  if (isMostlyMissing && isGeneral && isDefault(rule)) {
    const why = `it has no value in ${missingCells} of ${rows} rows`
    return { code: 'mostly-missing', why, remedy: `types=${name}:${typeOfKind[kind]}` }
  }
  const isUsed = isLastResort && (kind === 'number' || present < fewRows)
  return isUsed ? undefined : identifierReason(fact, missing)
}

function common(
  { column, kind, rows, present, dateOrder }: ColumnFacts,
  { missingValues, like }: Preparation,
  type: ColumnType,
  isDeclared: boolean,
): ColumnPlan {
  const { name } = column
  const likeColumn = like?.find((column) => column.name === name)
  const order = likeColumn?.dateOrder ?? dateOrder
  return {
    name,
    role: type === 'ignored' ? 'none' : 'feature',
    type,
    isDeclared,
    reading: columnReading(type, kind),
    missing: undefined,
    missingTexts: toMissingTexts(missingValues ?? likeColumn?.missingTexts),
    dateOrder: type === 'date' ? order : undefined,
    missingCells: isDeclared && type === 'ignored' ? 0 : rows - present,
    notices: [],
  }
}

const isDefault = (rule: MissingRule) => rule === 'impute' || rule === 'drop'

/** `isGeneral` is false if the request has a rule for this column. */
function findRule(name: string, { missing, like }: Preparation): { rule: MissingRule; isGeneral: boolean } {
  const own = missing.columns.find((column) => column.name === name)?.rule
  if (own !== undefined) return { rule: own, isGeneral: false }
  const likeColumn = like?.find((column) => column.name === name)
  if (likeColumn !== undefined && missing.everywhere === 'impute')
    return { rule: likeRule(likeColumn), isGeneral: true }
  return { rule: missing.everywhere, isGeneral: true }
}

/** A category without missing values has no imputation, but is still imputed. */
const likeRule = ({ imputation, type, keepsMissing }: LikeColumn): MissingRule =>
  imputation ?? (type === 'category' || keepsMissing === true ? 'impute' : 'drop')

/** Resolves `impute` by type. A category gets an extra category if it has missing values. */
function chooseImputation(rule: MissingRule, type: ColumnType, hasMissing: boolean): ColumnPlan['missing'] {
  if (type === 'ignored') return undefined
  if (rule !== 'impute') return rule
  if (type === 'category') return hasMissing ? { constant: missingCategory } : undefined
  return 'mean'
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
