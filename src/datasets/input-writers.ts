/** Encodes the columns of a table into the inputs of a network, by the coding of each feature. */
import type { FeatureCoding, StoredColumn } from '../contract/dataset.js'
import { cellError } from './cell-error.js'
import { encodeDate } from './date-parts.js'
import type { Part } from './feature-coding.js'
import { shown } from './shown-text.js'
import { booleanReader, categoryReader, codeNumbers, valueText } from './stored-values.js'
import { DatasetError } from './table.js'

/** Writes the chosen rows of one column. The first of them is row `first` of the part. */
export type ColumnWriter = (values: Float64Array, chosen: Int32Array, first: number) => void

/** The output of a feature: `offset` within each row of `width` inputs. The inputs are zero before. */
interface InputSlot {
  inputs: Float32Array
  width: number
  offset: number
}

interface Task<Type extends FeatureCoding['type']> {
  part: Part
  source: StoredColumn
  coding: FeatureCoding & { type: Type }
  slot: InputSlot
}

/**
 * @throws DatasetError when the column type is incompatible with the feature. The writer throws it for a row.
 */
export function inputWriter(part: Part, index: number, coding: FeatureCoding, slot: InputSlot): ColumnWriter {
  const source = part.table.columns[index]
  checkType(source, coding)
  switch (coding.type) {
    case 'number':
      return numberWriter({ part, source, coding, slot })
    case 'category':
      return categoryWriter({ part, source, coding, slot })
    case 'boolean':
      return booleanWriter({ part, source, coding, slot })
    case 'date':
      return dateWriter({ part, source, coding, slot })
    default:
      return coding satisfies never
  }
}

function checkType({ name, type }: StoredColumn, coding: FeatureCoding): void {
  if ((type === 'date') === (coding.type === 'date')) return
  const message = `${name} is a ${type}, but the network was trained on a ${coding.type}: upload with types=${name}:${coding.type}`
  throw new DatasetError('invalid-dataset', message)
}

const missingValue = 'is missing, and this column has no imputation'

function numberWriter({ part, source, coding, slot }: Task<'number'>): ColumnWriter {
  const numbers = codeNumbers(source)
  const { offset, scale, imputation = Number.NaN } = coding
  const { inputs, width } = slot
  return (values, chosen, first) => {
    let next = first * width + slot.offset
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = Number.isNaN(raw) ? imputation : numbers === null ? raw : numbers[raw]
      inputs[next] = (value - offset) / scale
      if (!Number.isFinite(inputs[next])) {
        const message = Number.isNaN(value) ? notANumber(source, raw) : tooLarge(value)
        throw cellError(source, part, first + index, message)
      }
      next += width
    }
  }
}

export const tooLarge = (value: number) => `${value} is too large for a 32-bit number`

function notANumber(source: StoredColumn, raw: number): string {
  return Number.isNaN(raw) ? missingValue : `${shown(valueText(source, raw))} is not a number`
}

/** Encodes unknown categories, and known ones without training rows, as zeros. */
function categoryWriter({ source, coding, slot }: Task<'category'>): ColumnWriter {
  const { categories, unseen = [], imputation } = coding
  const untrained = new Set(unseen)
  const place = categoryReader(source, categories)
  const missing = imputation === undefined ? -1 : categories.indexOf(imputation)
  const inputByCategory = Int32Array.from(categories, (category, index) =>
    untrained.has(category) ? -1 : index,
  )
  const { inputs, width, offset } = slot
  return (values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const category = Number.isNaN(raw) ? missing : place(raw)
      const input = category < 0 ? -1 : inputByCategory[category]
      if (input >= 0) inputs[(first + index) * width + offset + input] = 1
    }
  }
}

function booleanWriter({ part, source, coding, slot }: Task<'boolean'>): ColumnWriter {
  const truth = booleanReader(source)
  const missing = coding.imputation === undefined ? Number.NaN : Number(coding.imputation)
  const { inputs, width, offset } = slot
  return (values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const value = Number.isNaN(raw) ? missing : truth(raw)
      if (Number.isNaN(value)) {
        const message = Number.isNaN(raw) ? missingValue : `${shown(valueText(source, raw))} is not a boolean`
        throw cellError(source, part, first + index, message)
      }
      inputs[(first + index) * width + offset] = value
    }
  }
}

function dateWriter({ part, source, coding, slot }: Task<'date'>): ColumnWriter {
  const { imputation = Number.NaN } = coding
  const { inputs, width, offset } = slot
  return (values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      const raw = values[chosen[index]]
      const days = Number.isNaN(raw) ? imputation : raw
      const numbers = encodeDate(coding, days)
      if (!numbers.every(Number.isFinite)) {
        const message = Number.isNaN(days) ? missingValue : `day ${days} since 1970-01-01 is not a valid date`
        throw cellError(source, part, first + index, message)
      }
      inputs.set(numbers, (first + index) * width + offset)
    }
  }
}
