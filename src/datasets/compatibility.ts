/** Whether one dataset can validate a training on another: its columns are found by name and read as the training's. */
import type { Column } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

/**
 * Columns that the training does not use do not count; neither do roles, nor categories of features that no training
 * row has, which enter as zeros.
 * @param trainingId what the file can be uploaded like, so that it is read as the training's was
 * @throws DatasetError naming the first column that is missing, or whose values the training cannot read
 */
export function checkValidationColumns(
  training: readonly Column[],
  validation: readonly Column[],
  trainingId?: string,
): void {
  const byName = new Map(validation.map((column) => [column.name, column]))
  for (const column of training.filter(({ role }) => role !== 'none')) {
    const other = byName.get(column.name)
    if (other === undefined) {
      throw refused(`has no column ${shown(column.name)}, which the training has as a ${column.role}`)
    }
    const remedy = trainingId === undefined ? `types=${column.name}:${column.type}` : `like=${trainingId}`
    const refusal =
      typeRefusal(column, other, remedy) ?? gapRefusal(column, other, remedy) ?? classRefusal(column, other)
    if (refusal !== undefined) throw refused(refusal)
  }
}

function typeRefusal(
  { name, type, categories = [] }: Column,
  other: Column,
  remedy: string,
): string | undefined {
  const clash = `has ${name} as a ${other.type}, the training as a ${type}: upload it with ${remedy}`
  if (type === other.type) return undefined
  if (other.type === 'ignored' || type === 'date' || other.type === 'date') return clash
  switch (type) {
    case 'number': {
      const isNumber = (text: string) => parseNumber(text) !== undefined
      return other.type === 'category' && other.categories?.every(isNumber) ? undefined : clash
    }
    case 'boolean':
      return isYesOrNo(other) ? undefined : clash
    case 'category': {
      const rewritten = categories.find(isRewritten)
      if (rewritten === undefined || other.type !== 'number') return undefined
      return `has ${name} as a number, so that ${shown(rewritten)} would be ${shown(String(Number(rewritten)))}: upload it with ${remedy}`
    }
    case 'ignored':
      return undefined
    default:
      return type satisfies never
  }
}

const isRewritten = (text: string) => parseNumber(text) !== undefined && String(Number(text)) !== text

function isYesOrNo({ type, min = 0, max = 1, integers, categories = [] }: Column): boolean {
  if (type === 'number') return min >= 0 && max <= 1 && integers !== false
  return categories.every((text) => parseBoolean(text) !== undefined)
}

function gapRefusal(
  { name, role, type, imputation }: Column,
  other: Column,
  remedy: string,
): string | undefined {
  const gaps = other.missing ?? 0
  // Where the validation drops such rows, none is left.
  if (gaps === 0 || other.imputation === undefined) return undefined
  if (role === 'target')
    return `has ${gaps} rows without ${name}, which is the target: upload it with ${remedy}`
  if (imputation !== undefined || type === 'category') return undefined
  return `has rows without ${name}, and the training says of no value that it stands in for it: upload it with ${remedy}`
}

function classRefusal({ name, role, categories }: Column, other: Column): string | undefined {
  if (role !== 'target' || categories === undefined) return undefined
  const known = new Set(categories)
  const unknown = other.categories?.find((category) => !known.has(category))
  if (unknown === undefined) return undefined
  return `has ${shown(unknown)} in ${name}, where the training knows only ${shownNames(categories)}`
}

const refused = (message: string) => new DatasetError('invalid-dataset', `the validation dataset ${message}`)
