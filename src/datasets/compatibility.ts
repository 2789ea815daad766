/** Whether one dataset can validate a training on another. */
import type { Column } from '../contract/dataset.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

/** @throws DatasetError naming the first column that is not the same in both */
export function checkValidationColumns(training: readonly Column[], validation: readonly Column[]): void {
  const used = (columns: readonly Column[]) => columns.filter((column) => column.role !== 'none')
  const byName = new Map(used(validation).map((column) => [column.name, column]))
  for (const column of used(training)) {
    const { name, role, type } = column
    const other = byName.get(name)
    if (other === undefined)
      throw refused(`has no column ${shown(name)}, which the training has as a ${role}`)
    if (other.role !== role) throw refused(`has ${name} as a ${other.role}, the training as a ${role}`)
    if (other.type !== type) throw refused(`has ${name} as a ${other.type}, the training as a ${type}`)
    checkCategories(column, other)
    if ((other.missing ?? 0) > 0 && other.imputation !== undefined && column.imputation === undefined) {
      throw refused(`has rows without ${name}, and the training says of no value that it stands in for it`)
    }
    byName.delete(name)
  }
  const [extra] = byName.keys()
  if (extra !== undefined) throw refused(`has a column ${shown(extra)}, which the training does not have`)
}

function checkCategories({ name, categories = [] }: Column, other: Column): void {
  const known = new Set(categories)
  const unknown = other.categories?.find((category) => !known.has(category))
  if (unknown === undefined) return
  throw refused(`has ${shown(unknown)} in ${name}, where the training knows only ${shownNames(categories)}`)
}

const refused = (message: string) => new DatasetError('invalid-dataset', `the validation dataset ${message}`)
