/** The number of trials of the form of a sweep. */
import { type ParameterRow, readValues, type SweepForm } from './form.js'

/** NaN while a number is missing. */
export function countTrials({ search, points, rows, seeds }: SweepForm): number {
  return (search === 'grid' ? countCombinations(rows, new Map()) : points) * seeds
}

/**
 * Combinations of the values of the rows. A row whose condition does not hold has one: it is left as in the spec.
 * @param chosen values as JSON, by path, of the earlier rows that conditions name
 */
function countCombinations(rows: readonly ParameterRow[], chosen: ReadonlyMap<string, string>): number {
  const [row, ...later] = rows
  if (row === undefined) return 1
  if (!isActive(row, chosen)) return countCombinations(later, chosen)
  const values = gridValues(row)
  // Without conditions on its value, the count is the same for each.
  if (later.every(({ when }) => when.path !== row.path)) {
    const { length } = values
    return length * countCombinations(later, chosen)
  }
  return values.reduce<number>(
    (sum, value) => sum + countCombinations(later, new Map(chosen).set(row.path, JSON.stringify(value))),
    0,
  )
}

function isActive({ when }: ParameterRow, chosen: ReadonlyMap<string, string>): boolean {
  if (when.path === '') return true
  const value = chosen.get(when.path)
  return readValues(when.values).some((each) => JSON.stringify(each) === value)
}

/** Whole numbers of a narrow range may coincide. */
function gridValues({ kind, values, min, max, scale, numbers, steps }: ParameterRow): readonly unknown[] {
  if (kind === 'values') return readValues(values)
  const at = (share: number) => (scale === 'log' ? min * (max / min) ** share : min + share * (max - min))
  const all = Array.from({ length: steps }, (_, step) => at(step / (steps - 1)))
  return numbers === 'any' ? all : [...new Set(all.map(Math.round))]
}
