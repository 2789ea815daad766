/** From what was seen of all cells to what each column is: its type, its role, and how its cells are read. */
import type { ColumnType, DatasetWarning, DateOrder, Imputation } from '../contract/dataset.js'
import type { LikeColumn, MissingRule, Preparation } from '../contract/preparation.js'
import { missingCategory } from './categories.js'
import { missingAsClass, numbersAsClasses, typeNotices } from './column-notices.js'
import { type CellKind, type ColumnFacts, missingWordsOf } from './column-survey.js'
import { defaultTarget } from './default-target.js'
import { type IgnoreReason, identifierReason } from './identifiers.js'
import { missingTextsOf, plainText } from './missing-text.js'
import { checkNames } from './preparation-names.js'
import type { ColumnReading } from './reading/batch.js'
import { shownNames } from './shown-text.js'
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

/** Classes at most that whole numbers of a target make, and rows of each in the mean. */
const mostNumberClasses = 20
const leastRowsOfClass = 5
/** From this share of the rows on, a word like None is a class of the target. */
const frequentWord = 0.05
/** In so few rows, texts that are all different may be categories all the same, where there is no other feature. */
const fewRows = 20
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
  if (facts.length < 2 || targets.names.size === 0 || targets.names.size === facts.length) {
    throw invalid(`the columns are ${shownNames(names)}: at least one feature and a target are needed`)
  }
  const file = {
    preparation,
    targets,
    missing: missingWordsOf(facts),
  }
  const planned = (isLastResort: boolean) =>
    facts.map((fact) =>
      targets.names.has(fact.column.name) ? planTarget(fact, file) : planFeature(fact, file, isLastResort),
    )
  const plans = planned(false)
  // Better a feature that may say little than none.
  return plans.some(({ role }) => role === 'feature') ? plans : planned(true)
}

/** What is the same for all columns. */
interface FileFacts {
  preparation: Preparation
  targets: Targets
  /** Words that mean a missing value in any column. */
  missing: ReadonlySet<string>
}

interface Targets {
  names: ReadonlySet<string>
  /** Of one that was chosen. */
  notice?: DatasetWarning | undefined
}

/** What the user says, else the format, else the last column that can be one. */
function targetsOf(facts: readonly ColumnFacts[], preparation: Preparation): Targets {
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

function planTarget(fact: ColumnFacts, { preparation, targets, missing }: FileFacts): ColumnPlan {
  const { column, kind, rows, present } = fact
  const { name } = column
  const declared = declaredType(name, preparation) ?? column.suggestedType
  if (declared === 'ignored') throw invalid(`${name} is the target, so it cannot be ignored`)
  const notices = targets.notice === undefined ? [] : [targets.notice]
  const missingTexts = missingTextsOf(preparation.missingValues)
  const known = preparation.like?.find((each) => each.name === name)
  const knownClasses = new Set(known?.classes?.map(plainText))
  const classWords = declared === undefined || declared === 'category' ? classWordsOf(fact, preparation) : []
  if (present === 0 && rows > 0 && classWords.length === 0 && knownClasses.size === 0) {
    throw invalid(`${name} is the target, but it has no value in any row; say target=NAME for another column`)
  }
  if (classWords.length > 0) notices.push(missingAsClass(name, classWords, missing))
  let type = declared ?? (kind === 'none' ? 'category' : typeOfKind[kind])
  // Several targets are numbers.
  if (declared === undefined && targets.names.size === 1 && type === 'number' && isFewIntegers(fact)) {
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
    missing: known?.keepsMissing === true ? undefined : 'drop',
    missingTexts: new Set(
      [...missingTexts].filter((text) => !classWords.includes(text) && !knownClasses.has(text)),
    ),
    notices: [...notices, ...noticesOf(fact, type, declared, { preparation, targets, missing })],
  }
}

/** Cells with a word such as None, which may well be a value of its own in a column of texts. */
function classWordsIn({ kind, missingTexts }: ColumnFacts): number {
  if (kind !== 'text') return 0
  return [...missingTexts].reduce((sum, [text, count]) => sum + (isWord(text) ? count : 0), 0)
}

const isWord = (text: string) => /[a-z]{2}/.test(text)

/** Words such as None that stand too often in a target of texts to be gaps. */
function classWordsOf({ kind, rows, missingTexts }: ColumnFacts, { missingValues }: Preparation): string[] {
  if (missingValues !== undefined || (kind !== 'text' && kind !== 'none')) return []
  return [...missingTexts]
    .filter(([text, count]) => isWord(text) && count >= frequentWord * rows)
    .map(([text]) => text)
}

function isFewIntegers({ kind, integers, values, present, hasLargeIntegers }: ColumnFacts): boolean {
  if (kind !== 'number' || !integers || hasLargeIntegers) return false
  const distinct = values.length
  if (distinct === 2) return present >= 2 * distinct
  return distinct > 2 && distinct <= mostNumberClasses && present >= leastRowsOfClass * distinct
}

function noticesOf(
  fact: ColumnFacts,
  type: ColumnType,
  declared: ColumnType | undefined,
  { preparation, missing }: FileFacts,
): DatasetWarning[] {
  const saysComma = preparation.decimal === 'comma'
  return typeNotices(fact, { type, isDeclared: declared !== undefined, saysComma, missing })
}

/** `isLastResort`: columns that seem to say little of a row are features, because there are no others. */
function planFeature(fact: ColumnFacts, file: FileFacts, isLastResort: boolean): ColumnPlan {
  const { column, kind, rows, present } = fact
  const { name } = column
  const { preparation } = file
  const said = declaredType(name, preparation)
  const declared = said ?? column.suggestedType
  const { rule } = ruleOf(name, preparation)
  const reason = declared === undefined ? ignoreReason(fact, file, isLastResort) : undefined
  if (reason !== undefined) {
    const message = `${name} is ignored, because ${reason.why}; to ${reason.code === 'ignored-column' ? 'say so' : 'use it'}: ${reason.remedy}`
    return {
      ...common(fact, preparation, 'ignored', false),
      notices: [{ code: reason.code, columns: [name], message }],
    }
  }
  const hasGaps = present < rows
  const found = kind === 'none' ? 'ignored' : typeOfKind[kind]
  const isThreefold = declared === undefined && found === 'boolean' && hasGaps && rule === 'impute'
  const type = declared ?? (isThreefold ? 'category' : found)
  return {
    ...common(fact, preparation, type, said !== undefined),
    missing: imputationOf(rule, type, hasGaps),
    notices: noticesOf(fact, type, declared, file),
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
    return { code: 'ignored-column', why: 'it has no value in any row', remedy: `types=${name}:ignored` }
  }
  const { rule, isGeneral } = ruleOf(name, preparation)
  if (rows - present - classWordsIn(fact) > mostMissing * rows && isGeneral && isDefault(rule)) {
    const why = `it has no value in ${rows - present} of ${rows} rows`
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
  const known = like?.find((each) => each.name === name)
  const order = known?.dateOrder ?? dateOrder
  return {
    name,
    role: type === 'ignored' ? 'none' : 'feature',
    type,
    isDeclared,
    reading: readingOf(type, kind),
    missing: undefined,
    missingTexts: missingTextsOf(missingValues ?? known?.missingTexts),
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
  if (known !== undefined && missing.everywhere === 'impute')
    return { rule: likeRule(known), isGeneral: true }
  return { rule: missing.everywhere, isGeneral: true }
}

/** Of what is imputed, only a category without gaps has nothing to show for it. */
const likeRule = ({ imputation, type, keepsMissing }: LikeColumn): MissingRule =>
  imputation ?? (type === 'category' || keepsMissing === true ? 'impute' : 'drop')

/** What `impute` means for a type. A category of its own is made for gaps that there are. */
function imputationOf(rule: MissingRule, type: ColumnType, hasGaps: boolean): ColumnPlan['missing'] {
  if (type === 'ignored') return undefined
  if (rule !== 'impute') return rule
  if (type === 'category') return hasGaps ? { constant: missingCategory } : undefined
  return 'mean'
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
