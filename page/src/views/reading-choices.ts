/** Choices about how to read an upload, and their query parameters. */
import type { Column, Preview } from '../api/types.js'

export type ColumnType = Column['type']
export type MissingRule = 'impute' | 'drop' | 'mean' | { constant: string }

export interface ReadingChoices {
  /** The service chooses if empty. */
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

type ReadingQuery = Record<string, string | undefined>

/** Query parameters of `POST /datasets` and its preview. Omits defaults. */
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

/** Whether the file is delimited text, which has a header, delimiter and decimal separator. */
export const isDelimited = (files: readonly File[]) =>
  files.length === 1 && /\.(csv|tsv|tab|txt)(\.gz)?$/i.test(files[0]?.name ?? '')

export function targetsIn({ columns }: Pick<Preview, 'columns'>): string[] {
  return columns.filter(({ role }) => role === 'target').map(({ name }) => name)
}

/** A copy of the map with the entry set, or removed if the value is undefined. */
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

/** A single integer target with few values, which can be read as classes or as numbers. */
interface WholeNumberTarget {
  name: string
  /** Number of distinct values. Null if read as numbers. */
  distinct: number | null
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
    return { name, distinct: categories.length, readAs: 'category' }
  }
  return type === 'number' && integers && types.get(name) === 'number'
    ? { name, distinct: null, readAs: 'number' }
    : null
}
