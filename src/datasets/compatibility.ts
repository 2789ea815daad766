/** Checks whether a dataset can validate a training on another dataset. Columns match by name. */
import type { Column } from '../contract/dataset.js'
import { parseBoolean } from './boolean-text.js'
import { parseNumber } from './number-text.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

/**
 * Ignores roles and columns that the training does not use. Unknown categories of features are allowed,
 * because they are encoded as zeros.
 * @param trainingId the training dataset, for a remedy such as like=ID
 * @throws DatasetError naming the first column that is missing or incompatible
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
      throw incompatible(
        `has no column ${shown(column.name)}, which is a ${column.role} of the training dataset`,
      )
    }
    const remedy = trainingId === undefined ? `types=${column.name}:${column.type}` : `like=${trainingId}`
    const reason =
      typeMismatch(column, other, remedy) ??
      missingMismatch(column, other, remedy) ??
      classMismatch(column, other)
    if (reason !== undefined) throw incompatible(reason)
  }
}

function typeMismatch(
  { name, type, categories = [] }: Column,
  other: Column,
  remedy: string,
): string | undefined {
  const mismatch = `has ${name} as a ${other.type}, the training dataset as a ${type}: upload it with ${remedy}`
  if (type === other.type) return undefined
  if (other.type === 'ignored' || type === 'date' || other.type === 'date') return mismatch
  switch (type) {
    case 'number': {
      const isNumber = (text: string) => parseNumber(text) !== undefined
      return other.type === 'category' && other.categories?.every(isNumber) ? undefined : mismatch
    }
    case 'boolean':
      return isBooleanLike(other) ? undefined : mismatch
    case 'category': {
      const rewritten = categories.find(isRewritten)
      if (rewritten === undefined || other.type !== 'number') return undefined
      return `has ${name} as a number, which changes ${shown(rewritten)} to ${shown(String(Number(rewritten)))}: upload it with ${remedy}`
    }
    case 'ignored':
      return undefined
    default:
      return type satisfies never
  }
}

const isRewritten = (text: string) => parseNumber(text) !== undefined && String(Number(text)) !== text

function isBooleanLike({ type, min = 0, max = 1, integers, categories = [] }: Column): boolean {
  if (type === 'number') return min >= 0 && max <= 1 && integers !== false
  return categories.every((text) => parseBoolean(text) !== undefined)
}

function missingMismatch(
  { name, role, type, imputation }: Column,
  other: Column,
  remedy: string,
): string | undefined {
  const missing = other.missing ?? 0
  // Without an imputation, the validation dataset has dropped rows with missing values.
  if (missing === 0 || other.imputation === undefined) return undefined
  if (role === 'target')
    return `has ${missing} rows without ${name}, which is the target: upload it with ${remedy}`
  if (imputation !== undefined || type === 'category') return undefined
  return `has rows without ${name}, but the training dataset has no imputation for ${name}: upload it with ${remedy}`
}

function classMismatch({ name, role, categories }: Column, other: Column): string | undefined {
  if (role !== 'target' || categories === undefined) return undefined
  const categoryNames = new Set(categories)
  const unknown = other.categories?.find((category) => !categoryNames.has(category))
  if (unknown === undefined) return undefined
  return `has the class ${shown(unknown)} in ${name}; the classes of the training dataset are ${shownNames(categories)}`
}

const incompatible = (message: string) =>
  new DatasetError('invalid-dataset', `the validation dataset ${message}`)
