/** What about a dataset may spoil a training, in words. */
import type { Column, DatasetWarning } from '../contract/dataset.js'
import { isNumberToPeople, parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'

/** A class of fewer rows is hardly learned, and a split may leave it none. */
const fewRows = 5
/** One-hot, each category is an input of its own. */
const manyCategories = 50
/** Ratio of the widest to the narrowest range from which plain descent creeps. */
const wildRatio = 1_000
const mostNamed = 10

export function warningsOf({
  columns,
  droppedRows,
}: {
  columns: readonly Column[]
  droppedRows: number
}): DatasetWarning[] {
  const features = columns.filter((column) => column.role === 'feature')
  return [
    ...dropped(columns, droppedRows),
    ...imputed(columns),
    ...constant(features),
    ...rareClasses(columns),
    ...large(features),
    ...numbersAsText(columns),
    ...mixedScales(features),
  ]
}

function warning(
  code: DatasetWarning['code'],
  columns: readonly Column[],
  message: (names: string) => string,
): DatasetWarning[] {
  if (columns.length === 0) return []
  const names = columns.map((column) => column.name)
  return [{ code, columns: names.slice(0, mostNamed), message: message(shownNames(names, mostNamed)) }]
}

const withCounts = (columns: readonly Column[]) =>
  shownNames(
    columns.map(({ name, missing }) => `${name} ${missing}`),
    mostNamed,
  )

function dropped(columns: readonly Column[], rows: number): DatasetWarning[] {
  if (rows === 0) return []
  const gaps = columns.filter(
    ({ type, missing = 0, imputation }) => type !== 'ignored' && missing > 0 && imputation === undefined,
  )
  const count = rows === 1 ? '1 row was' : `${rows} rows were`
  return warning(
    'dropped-rows',
    gaps,
    () => `${count} left out for want of a value; missing: ${withCounts(gaps)}`,
  )
}

function imputed(columns: readonly Column[]): DatasetWarning[] {
  const filled = columns.filter(({ missing = 0, imputation }) => missing > 0 && imputation !== undefined)
  return warning('imputed-values', filled, () => {
    return `missing values are filled in by what the training rows say, or a constant; missing: ${withCounts(filled)}`
  })
}

function constant(features: readonly Column[]): DatasetWarning[] {
  const same = features.filter(({ type, min, max, counts = [] }) =>
    type === 'number' ? min === max : counts.filter((rows) => rows > 0).length < 2,
  )
  return warning(
    'constant-column',
    same,
    (names) => `the same in every row, so nothing to learn from: ${names}`,
  )
}

function rareClasses(columns: readonly Column[]): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { role, name, categories = [], counts = [] } = column
    if (role !== 'target') return []
    const rare = categories.filter((_, place) => counts[place] < fewRows)
    const named = rare.map((category) => `${category} ${counts[categories.indexOf(category)]}`)
    if (rare.length === 0) return []
    return warning('rare-class', [column], () => {
      return `${name} has classes of fewer than ${fewRows} rows: ${shownNames(named, mostNamed)}`
    })
  })
}

function large(features: readonly Column[]): DatasetWarning[] {
  const many = features.filter(
    ({ type, categories = [] }) => type === 'category' && categories.length > manyCategories,
  )
  return warning('many-categories', many, (names) => {
    return `more than ${manyCategories} categories, each an input of its own: ${names}`
  })
}

/** As a spreadsheet writes them where the comma stands before the decimals, or with signs and units. */
function numbersAsText(columns: readonly Column[]): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { name, type, categories = [] } = column
    const example = type === 'category' ? categories.find(isNumberToPeople) : undefined
    const others = (text: string) => parseNumber(text) === undefined && !isNumberToPeople(text)
    if (example === undefined || categories.some(others)) return []
    return warning('numbers-as-text', [column], () => {
      return `${name} is a category, because ${shown(example)} is a text here: write numbers like 1234.5, without units`
    })
  })
}

function mixedScales(features: readonly Column[]): DatasetWarning[] {
  const ranges = features.flatMap((column) => {
    const { min, max } = column
    const reach = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0))
    return column.type === 'number' && reach > 0 ? [{ column, reach }] : []
  })
  const [narrowest, ...others] = ranges.sort((a, b) => a.reach - b.reach)
  const widest = others.at(-1)
  if (widest === undefined || widest.reach / narrowest.reach < wildRatio) return []
  return warning('mixed-scales', [narrowest.column, widest.column], () => {
    return (
      `${narrowest.column.name} reaches ${narrowest.reach} and ${widest.column.name} ${widest.reach}: ` +
      'with scaling "none" the second drowns the first'
    )
  })
}
