/** Checks that the file has the columns that the upload parameters name. */

import { didYouMean } from '../base/similar-names.js'
import type { Preparation } from '../contract/preparation.js'
import { shown, shownNames } from './shown-text.js'
import { DatasetError } from './table.js'

/** @throws DatasetError naming the parameter and the column */
export function checkNames(
  names: readonly string[],
  { target = [], types, missing, like = [] }: Preparation,
): void {
  const columnNames = new Set(names)
  for (const [parameter, columns] of [
    ['target', target],
    ['types', types.map(({ name }) => name)],
    ['missing', missing.columns.map(({ name }) => name)],
  ] as const) {
    const unknown = columns.find((name) => !columnNames.has(name))
    if (unknown === undefined) continue
    throw invalid(
      `${parameter} names the unknown column ${shown(unknown)}; the columns are ${shownNames(names)}${didYouMean(unknown, names)}`,
    )
  }
  const absent = like
    .filter(({ name, role }) => role !== 'none' && !columnNames.has(name))
    .map(({ name }) => name)
  if (absent.length > 0) {
    throw invalid(
      `the file has no column ${shownNames(absent.map(shown))}, which the dataset or model of \`like\` has; the columns are ${shownNames(names)}`,
    )
  }
}

const invalid = (message: string) => new DatasetError('invalid-dataset', message)
