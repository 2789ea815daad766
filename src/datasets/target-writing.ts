/** Encodes the targets of rows for the loss. */
import type { StoredColumn, TargetCoding } from '../contract/dataset.js'
import type { Loss } from '../contract/network.js'
import { cellError } from './cell-error.js'
import { forEachColumn, type Part } from './feature-coding.js'
import { tooLarge } from './input-writers.js'
import { shown, shownNames } from './shown-text.js'
import { booleanReader, categoryReader, codeNumbers, valueText } from './stored-values.js'
import { DatasetError } from './table.js'
import { targetNames, targetRefusal } from './target-coding.js'
import { scaleTarget } from './target-scaling.js'

/** Rows of `stride` numbers that start with the targets. */
interface TargetRows {
  y: Float32Array
  stride: number
}

/** @throws DatasetError naming the invalid row or the unknown classes */
export function writeTargets(part: Part, coding: TargetCoding, loss: Loss, rows: TargetRows): void {
  const { columns } = part.table
  const positions = targetNames(coding).map((name) => columns.findIndex((column) => column.name === name))
  rows.y.fill(0)
  switch (coding.type) {
    case 'oneHot':
    case 'binary':
      writeClasses(part, positions[0], coding, rows)
      break
    case 'number':
    case 'multiLabel':
      writeNumbers(part, positions, { coding, loss }, rows)
      break
    default:
      coding satisfies never
  }
}

function writeClasses(
  part: Part,
  target: number,
  coding: TargetCoding & { type: 'oneHot' | 'binary' },
  { y, stride }: TargetRows,
): void {
  const column = part.table.columns[target]
  const readClass = classReader(column, coding.classes)
  const unknown = new Set<string>()
  forEachColumn(part, [target], (_, values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const value = values[chosen[index]]
      const classIndex = readClass(value)
      if (classIndex < 0) unknown.add(unknownClass(part, column, coding, first + index, value))
      else if (coding.type === 'oneHot') y[(first + index) * stride + classIndex] = 1
      else y[(first + index) * stride] = classIndex
    }
  })
  if (unknown.size === 0) return
  const names = shownNames([...unknown].map((name) => shown(name)))
  const message = `${column.name} has ${names}; the classes of the network are ${shownNames(coding.classes)}`
  throw new DatasetError('invalid-dataset', message)
}

/**
 * Reads a value as its class index, or −1. Classes that are numbers or booleans match in any notation: 1.0 is
 * class 1, and yes is class true.
 */
function classReader(column: StoredColumn, classes: readonly string[]): (value: number) => number {
  const readText = categoryReader(column, classes)
  const readValue = valueReader(column, classes)
  return (value) => {
    const index = readText(value)
    return index >= 0 || Number.isNaN(value) ? index : (readValue?.(value) ?? -1)
  }
}

/** Matches by parsed value, if all classes are plain numbers or booleans. */
function valueReader(
  column: StoredColumn,
  classes: readonly string[],
): ((value: number) => number | undefined) | null {
  const areBooleans = classes.length === 2 && classes.every((name) => name === 'true' || name === 'false')
  if (areBooleans) {
    const truth = booleanReader(column)
    return (value) => [classes.indexOf('false'), classes.indexOf('true')][truth(value)]
  }
  const numbers = codeNumbers(column)
  if (numbers === null || !classes.every((name) => name === String(Number(name)))) return null
  const positions = new Map(classes.map((name, index) => [Number(name), index]))
  return (code) => positions.get(numbers[code])
}

/**
 * The name of an unknown class. @throws DatasetError for a missing value, or if the classes are the indices
 * 0…K−1
 */
function unknownClass(
  part: Part,
  column: StoredColumn,
  coding: TargetCoding & { type: 'oneHot' | 'binary' },
  index: number,
  value: number,
): string {
  if (Number.isNaN(value)) throw cellError(column, part, index, noTarget)
  const areIndices = coding.classes.every((name, position) => name === String(position))
  const refusal = areIndices ? targetRefusal(value, coding, 'categoricalCrossentropy') : undefined
  if (column.type === 'number' && refusal !== undefined) {
    throw cellError(column, part, index, `${value} ${refusal}`)
  }
  return valueText(column, value)
}

const noTarget = 'has no value, but is the target'

function writeNumbers(
  part: Part,
  positions: readonly number[],
  { coding, loss }: { coding: TargetCoding; loss: Loss },
  { y, stride }: TargetRows,
): void {
  const { columns } = part.table
  const readers = positions.map((position) => targetReader(columns[position]))
  forEachColumn(part, positions, (position, values, chosen, first) => {
    const output = positions.indexOf(position)
    const read = readers[output]
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = read(raw)
      const refusal = numberRefusal(columns[position], raw, value) ?? targetRefusal(value, coding, loss)
      if (refusal !== undefined) {
        const seen = Number.isNaN(raw) ? '' : `${valueText(columns[position], raw)} `
        throw cellError(columns[position], part, first + index, `${seen}${refusal}`)
      }
      const at = (first + index) * stride + output
      y[at] = scaleTarget(coding, output, value)
      if (!Number.isFinite(y[at])) throw cellError(columns[position], part, first + index, tooLarge(value))
    }
  })
}

/** Reads a target as a number, where true is 1 and false is 0. */
export function targetReader(column: StoredColumn): (value: number) => number {
  const numbers = codeNumbers(column)
  if (numbers === null) return (value) => value
  const truth = booleanReader(column)
  return (code) => {
    const number = Number.isNaN(code) ? Number.NaN : numbers[code]
    return Number.isNaN(number) ? truth(code) : number
  }
}

function numberRefusal(column: StoredColumn, raw: number, value: number): string | undefined {
  if (Number.isNaN(raw)) return noTarget
  return Number.isNaN(value) || column.type === 'date' ? 'is not a number' : undefined
}
