/** Write the targets of a table's rows as the loss compares them. */
import type { StoredColumn, TargetCoding } from '../contract/dataset.js'
import type { Loss } from '../contract/network.js'
import { numbersOfCodes, placeReader, textOf, truthReader } from './column-meaning.js'
import { eachColumn, type Part } from './feature-coding.js'
import { tooLarge } from './input-writers.js'
import { refusedCell } from './refused-cell.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'
import { targetNames, targetRefusal } from './target-coding.js'
import { scaleTarget } from './target-scaling.js'

/** Rows of `stride` numbers, the first of which are the targets. */
export interface TargetRows {
  y: Float32Array
  stride: number
}

/** @throws DatasetError naming the row, or the classes, that do not fit */
export function writeTargets(part: Part, coding: TargetCoding, loss: Loss, rows: TargetRows): void {
  const { columns } = part.table
  const places = targetNames(coding).map((name) => columns.findIndex((column) => column.name === name))
  rows.y.fill(0)
  switch (coding.type) {
    case 'oneHot':
    case 'binary':
      writeClasses(part, places[0], coding, rows)
      break
    case 'number':
    case 'multiLabel':
      writeNumbers(part, places, { coding, loss }, rows)
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
  const classOf = classReader(column, coding.classes)
  const unknown = new Set<string>()
  eachColumn(part, [target], (_, values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const value = values[chosen[index]]
      const found = classOf(value)
      if (found < 0) unknown.add(unknownClass(part, column, coding, first + index, value))
      else if (coding.type === 'oneHot') y[(first + index) * stride + found] = 1
      else y[(first + index) * stride] = found
    }
  })
  if (unknown.size === 0) return
  const names = shownNames([...unknown].map((name) => shown(name)))
  const message = `${column.name} has ${names}, and the network only tells ${shownNames(coding.classes)} apart`
  throw new DatasetError('invalid-dataset', message)
}

/**
 * The place of a value among the classes, −1 when it is none. A class that is a number or a truth may be written another
 * way: 1.0 is class 1, and yes is class true.
 */
function classReader(column: StoredColumn, classes: readonly string[]): (value: number) => number {
  const asWritten = placeReader(column, classes)
  const meanings = meaningsOf(column, classes)
  return (value) => {
    const place = asWritten(value)
    return place >= 0 || Number.isNaN(value) ? place : (meanings?.(value) ?? -1)
  }
}

/** By what a text means, where all classes are written as numbers are here, or are the two truths. */
function meaningsOf(
  column: StoredColumn,
  classes: readonly string[],
): ((value: number) => number | undefined) | null {
  const areTruths = classes.length === 2 && classes.every((name) => name === 'true' || name === 'false')
  if (areTruths) {
    const truth = truthReader(column)
    return (value) => [classes.indexOf('false'), classes.indexOf('true')][truth(value)]
  }
  const numbers = numbersOfCodes(column)
  if (numbers === null || !classes.every((name) => name === String(Number(name)))) return null
  const places = new Map(classes.map((name, place) => [Number(name), place]))
  return (code) => places.get(numbers[code])
}

/** Its name. @throws DatasetError when there is none, or the classes are numbers without gaps */
function unknownClass(
  part: Part,
  column: StoredColumn,
  coding: TargetCoding & { type: 'oneHot' | 'binary' },
  index: number,
  value: number,
): string {
  if (Number.isNaN(value)) throw refusedCell(column, part, index, noTarget)
  const areIndices = coding.classes.every((name, place) => name === String(place))
  const refusal = areIndices ? targetRefusal(value, coding, 'categoricalCrossentropy') : undefined
  if (column.type === 'number' && refusal !== undefined) {
    throw refusedCell(column, part, index, `${value} ${refusal}`)
  }
  return textOf(column, value)
}

const noTarget = 'has no value, and it is the target'

function writeNumbers(
  part: Part,
  places: readonly number[],
  { coding, loss }: { coding: TargetCoding; loss: Loss },
  { y, stride }: TargetRows,
): void {
  const { columns } = part.table
  const readers = places.map((place) => targetReader(columns[place]))
  eachColumn(part, places, (place, values, chosen, first) => {
    const output = places.indexOf(place)
    const read = readers[output]
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = read(raw)
      const refusal = refusalOf(columns[place], raw, value) ?? targetRefusal(value, coding, loss)
      if (refusal !== undefined) {
        const seen = Number.isNaN(raw) ? '' : `${textOf(columns[place], raw)} `
        throw refusedCell(columns[place], part, first + index, `${seen}${refusal}`)
      }
      const at = (first + index) * stride + output
      y[at] = scaleTarget(coding, output, value)
      if (!Number.isFinite(y[at])) throw refusedCell(columns[place], part, first + index, tooLarge(value))
    }
  })
}

/** A target's value as a number; yes is 1 and no is 0. */
export function targetReader(column: StoredColumn): (value: number) => number {
  const numbers = numbersOfCodes(column)
  if (numbers === null) return (value) => value
  const truth = truthReader(column)
  return (code) => {
    const number = Number.isNaN(code) ? Number.NaN : numbers[code]
    return Number.isNaN(number) ? truth(code) : number
  }
}

function refusalOf(column: StoredColumn, raw: number, value: number): string | undefined {
  if (Number.isNaN(raw)) return noTarget
  return Number.isNaN(value) || column.type === 'date' ? 'is not a number' : undefined
}
