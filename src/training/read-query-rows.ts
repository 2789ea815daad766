/** Reads the rows of a query string. */
import type { FeatureCoding } from '../contract/dataset.js'
import type { Model } from '../contract/model.js'
import { Problem, pointerTo } from '../contract/problems.js'
import { isReadable } from '../datasets/cell-coder.js'
import type { PredictionRows } from './predict.js'

type Query = Readonly<Record<string, string | string[] | undefined>>

/**
 * A query with `x` alone has rows of values by position. Any other query is one row by column name.
 * @throws Problem `invalid-request`
 */
export function readQueryRows(model: Model, query: Query): PredictionRows {
  const names = Object.keys(query)
  if (names.length === 0) {
    const shown = model.columns.slice(0, 10)
    const byPosition = `?x=${shown.map(() => '0').join(',')}`
    const byName = `?${shown.map((column) => `${encodeURIComponent(column)}=0`).join('&')}`
    throw new Problem(
      'invalid-request',
      `The query has no row to predict. Send one by position, ${byPosition}, or by name, ${byName}`,
    )
  }
  if (names.length === 1 && names[0] === 'x') {
    const { x = [] } = query
    const rows = typeof x === 'string' ? [x.split(',')] : x.map((text) => text.split(','))
    const [only] = rows
    // With several rows, an invalid row does not affect the others.
    if (rows.length > 1) return { rows, requestPointer: pointerToX }
    return { rows, requestPointer: pointerToX, checkErrors: () => checkCells(model, only) }
  }
  if (Object.hasOwn(query, 'x') && !model.columns.includes('x')) {
    throw invalid(
      ['x'],
      'cannot be combined with other parameters: send rows as x, or one row by column names',
    )
  }
  const features = new Map(model.coding.features.map((feature) => [feature.name, feature]))
  const row = Object.entries(query).map(([name, value]) => {
    if (typeof value !== 'string') throw invalid([name], 'is repeated')
    const feature = features.get(name.trim().normalize('NFC'))
    if (!isAccepted(feature, value)) throw notFinite(value, [name])
    return [name, value] as const
  })
  return { rows: [Object.fromEntries(row)], requestPointer: (pointer) => pointer.replace(/^\/0/, '') }
}

const pointerToX = (pointer: string) => `/x${pointer}`

/** @throws Problem `invalid-request` if a text is no value of its column */
function checkCells({ coding: { features } }: Model, cells: readonly string[]): void {
  for (let index = 0; index < cells.length; index++) {
    if (!isAccepted(features[index], cells[index])) throw notFinite(cells[index], ['x', 0, index])
  }
}

function isAccepted(feature: FeatureCoding | undefined, text: string): boolean {
  return feature === undefined || isReadable(feature, text)
}

const notFinite = (text: string, path: PropertyKey[]) => invalid(path, `"${text}" is not a finite number`)

function invalid(path: PropertyKey[], message: string): Problem {
  const pointer = pointerTo(path)
  return new Problem('invalid-request', `${pointer}: ${message}`, [{ pointer, message }])
}
