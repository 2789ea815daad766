/** Writes the encoding of raw rows as JavaScript. */
import type { Coding, FeatureCoding } from '../../contract/dataset.js'
import { usualMissingTexts } from '../../contract/missing-texts.js'
import { featureWidth, inputCount } from '../../datasets/feature-coding.js'
import { derivedFunction } from './derived-function.js'
import { rowFunctions } from './row-functions.js'

const encoders: Readonly<Record<FeatureCoding['type'], string>> = {
  number: 'encodeNumber',
  category: 'encodeCategory',
  boolean: 'encodeBoolean',
  date: 'encodeDate',
}

/** Source of `columns` and of `encode(row)`, a raw row to the inputs of the network. */
export function rowCode(coding: Coding): string {
  const { features, ignored = [] } = coding
  const types = new Set(features.map(({ type }) => type))
  const columns = features.map((feature) => `  ${JSON.stringify(withWidth(feature))},`)
  const used = [...types].map((type) => `${type}: ${encoders[type]}`)
  const derived = derivedFunction(coding)
  return `
/** The columns of a row and their coding. */
const columns = [
${columns.join('\n')}
]
const ignoredColumns = ${JSON.stringify(ignored)}
const usualMissingTexts = ${JSON.stringify([...usualMissingTexts])}
${rowFunctions(types).join('')}
const encoders = { ${used.join(', ')} }
${cellsFunction}${derived}
/**
 * The inputs of the network for a raw row.
 * @param {Row} row
 * @returns {Float32Array}
 */
function encode(row) {
  const inputs = new Float32Array(${inputCount(coding)})
  const cells = toCells(row)
  let offset = 0
  columns.forEach((column, place) => {
    const cell = cells[place] ?? null
    const plain = typeof cell === 'string' ? cell.trim().normalize('NFC') : cell
    encoders[column.type](column, plain, inputs, offset)
    offset += column.width
  })
${derived === '' ? '' : '  encodeDerived(inputs)\n'}  return inputs
}
`
}

/** The coding of a feature, and the numbers it gives the network. */
const withWidth = (feature: FeatureCoding) => ({ ...feature, width: featureWidth(feature) })

const cellsFunction = `
const plainName = (name) => name.trim().normalize('NFC')
const places = new Map([
  ...ignoredColumns.flatMap((name) => [[plainName(name), -1], [name, -1]]),
  ...columns.map(({ name }, place) => [plainName(name), place]),
  ...columns.map(({ name }, place) => [name, place]),
])

/** The values of a row in the order of the columns. */
function toCells(row) {
  if (Array.isArray(row)) {
    if (row.length === columns.length) return row
    throw new RangeError('has ' + row.length + ' values, but the model takes ' + columns.length)
  }
  const cells = columns.map(() => undefined)
  for (const [name, cell] of Object.entries(row)) {
    const place = places.get(name) ?? places.get(plainName(name))
    if (place === undefined) throw new RangeError(JSON.stringify(name) + ' is not an input of this model')
    if (place < 0) continue
    if (cells[place] !== undefined) throw new RangeError(JSON.stringify(name) + ' is there twice')
    cells[place] = cell
  }
  return cells
}
`
