/** What about a dataset may spoil a training, in words. */
import type { Column, DatasetWarning } from '../contract/dataset.js'
import { missingCategory } from './categories.js'
import { missingValuesWith } from './missing-text.js'
import { isNumberToPeople, parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'

/** A class of fewer rows is hardly learned, and a split may leave it none. */
const fewRows = 5
/** One-hot, each category is an input of its own. */
const manyCategories = 50
/** Ratio of the widest to the narrowest range from which plain descent creeps. */
const wildRatio = 1_000
const mostNamed = 10
/** Per cent of the rows; a larger loss is told with its share. */
const largeLoss = 5
const rareShareOfTwo = 0.1
const rareShareOfMany = 0.2

export function warningsOf({
  columns,
  droppedRows,
  readRows,
  missing = [],
}: {
  columns: readonly Column[]
  droppedRows: number
  readRows: number
  /** Words of the file that mean a missing value. */
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
  return [{ code, columns: names.slice(0, mostNamed), message: message(shownNames(names, mostNamed)) }]
}

const withCounts = (columns: readonly Column[]) =>
  shownNames(
    columns.map(({ name, missing }) => `${name} ${missing}`),
    mostNamed,
  )

function dropped(columns: readonly Column[], rows: number, readRows: number): DatasetWarning[] {
  if (rows === 0) return []
  const gaps = columns.filter(
    ({ role, type, missing = 0, imputation }) =>
      missing > 0 && (role === 'target' || (type !== 'ignored' && imputation === undefined)),
  )
  const share = (100 * rows) / readRows
  const verb = rows === 1 ? 'was' : 'were'
  const ofAll = `${rows} of ${readRows} rows (${share.toFixed(0)} %) ${verb}`
  const count = share > largeLoss ? ofAll : `${rows} ${rows === 1 ? 'row' : 'rows'} ${verb}`
  const onlyTargets = gaps.every(({ role }) => role === 'target')
  const areClasses = gaps.some(({ type }) => type === 'category')
  const remedy = onlyTargets
    ? `rows without a target cannot be learned from; ${areClasses ? 'where words such as None are classes: missingValues=' : 'to predict another column: target=NAME'}`
    : 'to keep the rows that have a target: missing=impute'
  return warning(
    'dropped-rows',
    gaps,
    () => `${count} left out because a value is missing (${withCounts(gaps)}); ${remedy}`,
  )
}

function imputed(columns: readonly Column[]): DatasetWarning[] {
  const filled = columns.filter(({ missing = 0, imputation }) => missing > 0 && imputation !== undefined)
  return warning('imputed-values', filled, () => {
    return `missing values are replaced by the mean of the training rows, a category of their own or a constant (${withCounts(filled)}); to leave such rows out: missing=drop`
  })
}

function constant(features: readonly Column[]): DatasetWarning[] {
  const same = features.filter(isConstant)
  return warning(
    'constant-column',
    same,
    (names) => `the same in every row, so nothing to learn from: ${names}; leave it out: ${ignoring(same)}`,
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
      `the target is the same in every row, so nothing to predict: ${names}; another column: target=NAME`,
  )
}

function rareClasses(columns: readonly Column[], missing: Iterable<string>): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { role, name, categories = [], counts = [] } = column
    if (role !== 'target') return []
    const rare = categories.filter((_, place) => counts[place] < fewRows)
    const named = rare.map((category) => `${category} ${counts[categories.indexOf(category)]}`)
    if (rare.length === 0) return []
    const remedy =
      rare.length === categories.length
        ? ', or choose another target: target=NAME'
        : `, or where they mean a missing value: ${missingValuesWith(missing, ...rare.slice(0, mostNamed))}`
    return warning('rare-class', [column], () => {
      return `${name} has classes of fewer than ${fewRows} rows: ${shownNames(named, mostNamed)}; such classes are hardly learned: add rows, or merge classes in the file${remedy}`
    })
  })
}

/** Of two classes the rarer has less than a tenth; of more, one has less than a fifth of its even share. */
function imbalanced(columns: readonly Column[]): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { role, name, type, categories = [], counts = [] } = column
    if (role !== 'target' || (type !== 'category' && type !== 'boolean') || categories.length < 2) return []
    const rows = counts.reduce((sum, count) => sum + count, 0)
    const least = Math.min(...counts)
    const limit = categories.length === 2 ? rareShareOfTwo : rareShareOfMany / categories.length
    if (least >= limit * rows) return []
    const most = Math.max(...counts)
    const shareOf = (count: number) =>
      `${categories[counts.indexOf(count)]} ${((100 * count) / rows).toFixed(1)} %`
    return warning('imbalanced-target', [column], () => {
      return (
        `the classes of ${name} are far from equally frequent: ${shareOf(most)}, ${shareOf(least)} of the rows. ` +
        `Accuracy alone misleads here: compare it with the most frequent class, look at recall, and try in the job: "classWeight": "balanced"`
      )
    })
  })
}

const ignoring = (columns: readonly Column[]) =>
  `types=${columns
    .slice(0, mostNamed)
    .map(({ name }) => `${name}:ignored`)
    .join(',')}`

function large(features: readonly Column[]): DatasetWarning[] {
  const many = features.filter(
    ({ type, categories = [] }) => type === 'category' && categories.length > manyCategories,
  )
  return warning('many-categories', many, (names) => {
    return `more than ${manyCategories} categories, each an input of its own: ${names}; leave it out: ${ignoring(many)}`
  })
}

/** As a spreadsheet writes them where the comma stands before the decimals, or with signs and units. */
function numbersAsText(columns: readonly Column[]): DatasetWarning[] {
  return columns.flatMap((column) => {
    const { name, type } = column
    const categories = (column.categories ?? []).filter((text) => text !== missingCategory)
    const example = type === 'category' ? categories.find(isNumberToPeople) : undefined
    const others = (text: string) => parseNumber(text) === undefined && !isNumberToPeople(text)
    if (example === undefined || categories.some(others)) return []
    return warning('numbers-as-text', [column], () => {
      return `${name} is a category, because ${shown(example)} is a text here: write numbers like 1234.5, without units; where commas are decimal: decimal=comma`
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
      'without scaling the second outweighs the first; keep the job\'s "scaling": "standardize"'
    )
  })
}
