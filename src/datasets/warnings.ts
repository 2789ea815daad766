/** Warnings about properties of a dataset that may harm a training. */
import type { Column, DatasetWarning } from '../contract/dataset.js'
import { missingCategory } from './categories.js'
import { missingValuesParameter } from './missing-text.js'
import { isNumberToPeople, parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'

/** A class with fewer rows is rare, and a split may leave it without rows. */
const fewRows = 5
/** Each category is a network input. */
const manyCategories = 50
/** The ratio of the widest to the narrowest range at which gradient descent is slow. */
const largeRatio = 1_000
const maximumNamed = 10
/** If a larger percentage of the rows was dropped, the warning has the percentage. */
const largeLoss = 5
const rareShareOfTwo = 0.1
const rareShareOfMany = 0.2

export function datasetWarnings({
  columns,
  droppedRows,
  readRows,
  missing = [],
}: {
  columns: readonly Column[]
  droppedRows: number
  readRows: number
  /** Texts of the file that mean a missing value. */
  missing?: Iterable<string>
}): DatasetWarning[] {
  const features = columns.filter((column) => column.role === 'feature')
  return [
    ...dropped(columns, droppedRows, readRows),
    ...imputed(columns),
    ...constant(features),
    ...sameTarget(columns),
    ...rareClasses(columns, missing),
    ...imbalanced(columns),
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
  return [{ code, columns: names.slice(0, maximumNamed), message: message(shownNames(names, maximumNamed)) }]
}

const withCounts = (columns: readonly Column[]) =>
  shownNames(
    columns.map(({ name, missing }) => `${name} ${missing}`),
    maximumNamed,
  )

function dropped(columns: readonly Column[], rows: number, readRows: number): DatasetWarning[] {
  if (rows === 0) return []
  const incomplete = columns.filter(
    ({ role, type, missing = 0, imputation }) =>
      missing > 0 && (role === 'target' || (type !== 'ignored' && imputation === undefined)),
  )
  const share = (100 * rows) / readRows
  const verb = rows === 1 ? 'was' : 'were'
  const ofAll = `${rows} of ${readRows} rows (${share.toFixed(0)} %) ${verb}`
  const count = share > largeLoss ? ofAll : `${rows} ${rows === 1 ? 'row' : 'rows'} ${verb}`
  const onlyTargets = incomplete.every(({ role }) => role === 'target')
  const areClasses = incomplete.some(({ type }) => type === 'category')
  const remedy = onlyTargets
    ? `rows without a target cannot be used; ${areClasses ? 'if words such as None are classes: missingValues=' : 'to predict another column: target=NAME'}`
    : 'to keep rows with a target: missing=impute'
  return warning(
    'dropped-rows',
    incomplete,
    () => `${count} dropped because a value is missing (${withCounts(incomplete)}); ${remedy}`,
  )
}

function imputed(columns: readonly Column[]): DatasetWarning[] {
  const filled = columns.filter(({ missing = 0, imputation }) => missing > 0 && imputation !== undefined)
  return warning('imputed-values', filled, () => {
    return `missing values are replaced by the mean of the training rows, a separate category or a constant (${withCounts(filled)}); to drop such rows: missing=drop`
  })
}

function constant(features: readonly Column[]): DatasetWarning[] {
  const same = features.filter(isConstant)
  return warning(
    'constant-column',
    same,
    (names) => `constant columns have no information: ${names}; to ignore: ${ignoring(same)}`,
  )
}

const isConstant = ({ type, min, max, counts = [] }: Column) =>
  type === 'number' || type === 'date' ? min === max : counts.filter((rows) => rows > 0).length < 2

function sameTarget(columns: readonly Column[]): DatasetWarning[] {
  const same = columns.filter((column) => column.role === 'target' && isConstant(column))
  return warning(
    'constant-column',
    same,
    (names) =>
      `the target is constant, so there is nothing to predict: ${names}; for another column: target=NAME`,
  )
}

function rareClasses(columns: readonly Column[], missing: Iterable<string>): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { role, name, categories = [], counts = [] } = column
    if (role !== 'target') return []
    const rare = categories.filter((_, index) => counts[index] < fewRows)
    const named = rare.map((category) => `${category} ${counts[categories.indexOf(category)]}`)
    if (rare.length === 0) return []
    const remedy =
      rare.length === categories.length
        ? ', or choose another target: target=NAME'
        : `, or if they mean a missing value: ${missingValuesParameter(missing, ...rare.slice(0, maximumNamed))}`
    return warning('rare-class', [column], () => {
      return `${name} has classes of fewer than ${fewRows} rows: ${shownNames(named, maximumNamed)}; these are too few to learn: add rows, or merge classes in the file${remedy}`
    })
  })
}

/**
 * Imbalanced: the smaller of two classes has less than 10 % of the rows, or one of more less than 20 % of the
 * mean.
 */
function imbalanced(columns: readonly Column[]): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { role, name, type, categories = [], counts = [] } = column
    if (role !== 'target' || (type !== 'category' && type !== 'boolean') || categories.length < 2) return []
    const rows = counts.reduce((sum, count) => sum + count, 0)
    const least = Math.min(...counts)
    const limit = categories.length === 2 ? rareShareOfTwo : rareShareOfMany / categories.length
    if (least >= limit * rows) return []
    const most = Math.max(...counts)
    const formatShare = (count: number) =>
      `${categories[counts.indexOf(count)]} ${((100 * count) / rows).toFixed(1)} %`
    return warning('imbalanced-target', [column], () => {
      return (
        `the classes of ${name} are imbalanced: ${formatShare(most)}, ${formatShare(least)} of the rows. Accuracy alone is ` +
        `misleading: compare it with the baseline, compare recall, and try in the job: "classWeight": "balanced"`
      )
    })
  })
}

const ignoring = (columns: readonly Column[]) =>
  `types=${columns
    .slice(0, maximumNamed)
    .map(({ name }) => `${name}:ignored`)
    .join(',')}`

function large(features: readonly Column[]): DatasetWarning[] {
  const many = features.filter(
    ({ type, categories = [] }) => type === 'category' && categories.length > manyCategories,
  )
  return warning('many-categories', many, (names) => {
    return `more than ${manyCategories} categories, each a separate input: ${names}; to ignore: ${ignoring(many)}`
  })
}

/** Numbers as a spreadsheet writes them with decimal commas, signs or units. */
function numbersAsText(columns: readonly Column[]): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { name, type } = column
    const categories = (column.categories ?? []).filter((text) => text !== missingCategory)
    const example = type === 'category' ? categories.find(isNumberToPeople) : undefined
    const others = (text: string) => parseNumber(text) === undefined && !isNumberToPeople(text)
    if (example === undefined || categories.some(others)) return []
    return warning('numbers-as-text', [column], () => {
      return `${name} is a category because ${shown(example)} is a text: write numbers like 1234.5, without units; if commas are decimal: decimal=comma`
    })
  })
}

function mixedScales(features: readonly Column[]): DatasetWarning[] {
  const ranges = features.flatMap((column) => {
    const { min, max } = column
    const magnitude = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0))
    return column.type === 'number' && magnitude > 0 ? [{ column, magnitude }] : []
  })
  const [narrowest, ...others] = ranges.sort((a, b) => a.magnitude - b.magnitude)
  const widest = others.at(-1)
  if (widest === undefined || widest.magnitude / narrowest.magnitude < largeRatio) return []
  return warning('mixed-scales', [narrowest.column, widest.column], () => {
    return (
      `${narrowest.column.name} is up to ${narrowest.magnitude} and ${widest.column.name} up to ${widest.magnitude}: ` +
      'without scaling the second dominates the first; in the job, keep "scaling": "standardize"'
    )
  })
}
