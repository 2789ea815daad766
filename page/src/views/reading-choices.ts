/** What somebody chooses about an upload before it is stored, and the parameters that say it to the service. */
import type { Column, Preview } from '../api/types.js'

export type ColumnType = Column['type']
export type MissingRule = 'impute' | 'drop' | 'mean' | { constant: string }

export interface ReadingChoices {
  /** Empty: the service chooses. */
  target: readonly string[]
  types: ReadonlyMap<string, ColumnType>
  missing: Exclude<MissingRule, object>
  missingByColumn: ReadonlyMap<string, MissingRule>
  decimal: 'auto' | 'comma' | 'point'
  header: 'auto' | 'true' | 'false'
  delimiter: 'auto' | 'comma' | 'semicolon' | 'tab' | 'bar'
}

export const noChoices: ReadingChoices = {
  target: [],
  types: new Map(),
  missing: 'impute',
  missingByColumn: new Map(),
  decimal: 'auto',
  header: 'auto',
  delimiter: 'auto',
}

export type ReadingQuery = Record<string, string | undefined>

/** Parameters of `POST /datasets` and of its preview; what is not chosen is left out. */
export function uploadQuery(choices: ReadingChoices): ReadingQuery {
  const { target, types, missing, missingByColumn, decimal, header, delimiter } = choices
  const rules: [string, MissingRule][] = [
    ...(missing === 'impute' ? [] : ([['', missing]] as [string, MissingRule][])),
    ...missingByColumn,
  ]
  return {
    target: target.length === 0 ? undefined : JSON.stringify(target),
    types: types.size === 0 ? undefined : JSON.stringify(Object.fromEntries(types)),
    missing: rules.length === 0 ? undefined : JSON.stringify(Object.fromEntries(rules)),
    decimal: decimal === 'auto' ? undefined : decimal,
    header: header === 'auto' ? undefined : header,
    delimiter: delimiter === 'auto' ? undefined : delimiter,
  }
}

/** Whether header, delimiter and decimal sign may be chosen: the file is text in lines of cells. */
export const isDelimited = (files: readonly File[]) =>
  files.length === 1 && /\.(csv|tsv|tab|txt)(\.gz)?$/i.test(files[0]?.name ?? '')

export function targetsIn({ columns }: Pick<Preview, 'columns'>): string[] {
  return columns.filter(({ role }) => role === 'target').map(({ name }) => name)
}

/** With a value for the name, or without one. */
export function withEntry<T>(
  map: ReadonlyMap<string, T>,
  name: string,
  value: T | undefined,
): ReadonlyMap<string, T> {
  const changed = new Map(map)
  if (value === undefined) changed.delete(name)
  else changed.set(name, value)
  return changed
}

/** A single target of whole numbers that are few: it may name classes or count something. */
export interface WholeNumberTarget {
  name: string
  /** Null where they are read as numbers, which are not counted. */
  different: number | null
  readAs: 'category' | 'number'
}

export function wholeNumberTarget(
  { columns, warnings }: Preview,
  types: ReadonlyMap<string, ColumnType>,
): WholeNumberTarget | null {
  const [target, second] = columns.filter(({ role }) => role === 'target')
  if (target === undefined || second !== undefined) return null
  const { name, type, categories = [], integers = false } = target
  const isWarned = warnings.some(
    ({ code, columns }) => code === 'numbers-as-classes' && columns.includes(name),
  )
  const areWhole = categories.length > 0 && categories.every((text) => /^-?\d+$/.test(text))
  if (type === 'category' && (isWarned || areWhole)) {
    return { name, different: categories.length, readAs: 'category' }
  }
  return type === 'number' && integers && types.get(name) === 'number'
    ? { name, different: null, readAs: 'number' }
    : null
}
