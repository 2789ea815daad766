/** Write the columns of a table into the network's inputs, each by the coding of its feature. */
import type { FeatureCoding, StoredColumn } from '../contract/dataset.js'
import { numbersOfCodes, placeReader, textOf, truthReader } from './column-meaning.js'
import { codedDate } from './date-parts.js'
import type { Part } from './feature-coding.js'
import { refusedCell } from './refused-cell.js'
import { shown } from './shown-text.js'
import { DatasetError } from './table.js'

/** Writes some rows of one column, the first of which is row `first` of the part. */
export type ColumnWriter = (values: Float64Array, chosen: Int32Array, first: number) => void

/** Where a feature's numbers go: from `offset` on in each row of `width` numbers, which are 0. */
export interface Room {
  inputs: Float32Array
  width: number
  offset: number
}

interface Task<Type extends FeatureCoding['type']> {
  part: Part
  source: StoredColumn
  coding: FeatureCoding & { type: Type }
  room: Room
}

/** @throws DatasetError when the column cannot be read as this feature; so does the writer, naming the row */
export function inputWriter(part: Part, place: number, coding: FeatureCoding, room: Room): ColumnWriter {
  const source = part.table.columns[place]
  checkType(source, coding)
  switch (coding.type) {
    case 'number':
      return numberWriter({ part, source, coding, room })
    case 'category':
      return categoryWriter({ part, source, coding, room })
    case 'boolean':
      return booleanWriter({ part, source, coding, room })
    case 'date':
      return dateWriter({ part, source, coding, room })
    default:
      return coding satisfies never
  }
}

function checkType({ name, type }: StoredColumn, coding: FeatureCoding): void {
  if ((type === 'date') === (coding.type === 'date')) return
  const message = `${name} is a ${type} here, and the network was given a ${coding.type}: upload with types=${name}:${coding.type}`
  throw new DatasetError('invalid-dataset', message)
}

const missingValue = 'is missing, and nothing stands in for a missing value of this column'

function numberWriter({ part, source, coding, room }: Task<'number'>): ColumnWriter {
  const numbers = numbersOfCodes(source)
  const { offset, scale, imputation = Number.NaN } = coding
  const { inputs, width } = room
  return (values, chosen, first) => {
    let next = first * width + room.offset
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = Number.isNaN(raw) ? imputation : numbers === null ? raw : numbers[raw]
      inputs[next] = (value - offset) / scale
      if (!Number.isFinite(inputs[next])) {
        const message = Number.isNaN(value) ? notANumber(source, raw) : tooLarge(value)
        throw refusedCell(source, part, first + index, message)
      }
      next += width
    }
  }
}

export const tooLarge = (value: number) => `${value} is too large for a 32-bit number`

function notANumber(source: StoredColumn, raw: number): string {
  return Number.isNaN(raw) ? missingValue : `${shown(textOf(source, raw))} is not a number`
}

/** A category that no training row had, or that nobody knew, enters as zeros: the network cannot know what it means. */
function categoryWriter({ source, coding, room }: Task<'category'>): ColumnWriter {
  const { categories, unseen = [], imputation } = coding
  const hidden = new Set(unseen)
  const place = placeReader(source, categories)
  const missing = imputation === undefined ? -1 : categories.indexOf(imputation)
  const told = Int32Array.from(categories, (category, one) => (hidden.has(category) ? -1 : one))
  const { inputs, width, offset } = room
  return (values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const found = Number.isNaN(raw) ? missing : place(raw)
      const one = found < 0 ? -1 : told[found]
      if (one >= 0) inputs[(first + index) * width + offset + one] = 1
    }
  }
}

function booleanWriter({ part, source, coding, room }: Task<'boolean'>): ColumnWriter {
  const truth = truthReader(source)
  const missing = coding.imputation === undefined ? Number.NaN : Number(coding.imputation)
  const { inputs, width, offset } = room
  return (values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = Number.isNaN(raw) ? missing : truth(raw)
      if (Number.isNaN(value)) {
        const message = Number.isNaN(raw)
          ? missingValue
          : `${shown(textOf(source, raw))} is neither yes nor no`
        throw refusedCell(source, part, first + index, message)
      }
      inputs[(first + index) * width + offset] = value
    }
  }
}

function dateWriter({ part, source, coding, room }: Task<'date'>): ColumnWriter {
  const { imputation = Number.NaN } = coding
  const { inputs, width, offset } = room
  return (values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const days = Number.isNaN(raw) ? imputation : raw
      const numbers = codedDate(coding, days)
      if (!numbers.every(Number.isFinite)) {
        const message = Number.isNaN(days) ? missingValue : `day ${days} since 1970-01-01 is no date`
        throw refusedCell(source, part, first + index, message)
      }
      inputs.set(numbers, (first + index) * width + offset)
    }
  }
}
