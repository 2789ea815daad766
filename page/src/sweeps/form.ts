/** The state of the form for a new sweep, and the request built from it. */
import type { JobSpec, SweepRequest } from '../api/types.js'
import type { Metric } from './names.js'

export interface ParameterRow {
  path: string
  kind: 'values' | 'range'
  /** JSON values or words, separated by commas. */
  values: string
  min: number
  max: number
  scale: 'linear' | 'log'
  numbers: 'any' | 'whole'
  steps: number
  when: Condition
}

/** Varies a place only while an earlier one has one of the values. An empty path is no condition. */
interface Condition {
  path: string
  /** As those of a row. */
  values: string
}

export interface SweepForm {
  name: string
  /** As JSON. */
  spec: string
  rows: readonly ParameterRow[]
  search: 'grid' | 'random' | 'asha' | 'tpe'
  points: number
  /** Before the first decision of `asha`. */
  minimumEpochs: number
  metric: Metric
  seeds: number
}

export const emptyRow: ParameterRow = {
  path: '',
  kind: 'values',
  values: '',
  min: 0,
  max: 1,
  scale: 'linear',
  numbers: 'any',
  steps: 5,
  when: { path: '', values: '' },
}

/** Rows for places that are often varied, around the values of the spec. */
export function commonRows({ optimizer, batchSize, network }: JobSpec): ParameterRow[] {
  const { learningRate } = optimizer
  const others = ['adam', 'sgd', 'rmsprop'].map((type) => JSON.stringify({ type, learningRate }))
  const rows: ParameterRow[] = [
    {
      ...emptyRow,
      path: '/optimizer/learningRate',
      kind: 'range',
      min: Number((learningRate / 10).toPrecision(3)),
      max: Number((learningRate * 10).toPrecision(3)),
      scale: 'log',
    },
  ]
  for (const [index, layer] of network.layers.slice(0, -1).entries()) {
    const path = `/network/layers/${index}`
    if ('units' in layer) {
      const values = [Math.max(1, Math.round(layer.units / 2)), layer.units, 2 * layer.units]
      rows.push({ ...emptyRow, path: `${path}/units`, values: values.join(', ') })
    }
    if ('activation' in layer) {
      rows.push({ ...emptyRow, path: `${path}/activation`, values: 'relu, tanh, sigmoid' })
    }
  }
  rows.push({ ...emptyRow, path: '/batchSize', values: batchSize === 'full' ? '8, 32, full' : '8, 32, 128' })
  rows.push({ ...emptyRow, path: '/optimizer', values: others.join(', ') })
  return rows
}

/** An object precedes the places in it, because its values would replace theirs. */
export function withRow(rows: readonly ParameterRow[], row: ParameterRow): ParameterRow[] {
  const inside = rows.findIndex(({ path }) => path.startsWith(`${row.path}/`))
  return row.path === '' || inside === -1 ? [...rows, row] : rows.toSpliced(inside, 0, row)
}

/** `1, 2` and `"relu", {"type": "sgd"}` are JSON; words need no quotes. */
export function readValues(text: string): unknown[] {
  const all = parse(`[${text}]`)
  if (Array.isArray(all)) return all
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parse(part) ?? part)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @throws SyntaxError if the spec is not JSON. */
export function sweepRequest(form: SweepForm): SweepRequest {
  const { name, spec, rows, search, metric, seeds } = form
  return {
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    spec: JSON.parse(spec),
    parameters: rows.map((row) => toParameter(row, search)),
    search: toSearch(form),
    metric,
    seeds,
  } as SweepRequest
}

function toSearch({ search, points, minimumEpochs }: SweepForm) {
  if (search === 'grid') return { type: search }
  return { type: search, points, seed: 1, ...(search === 'asha' ? { minimumEpochs } : {}) }
}

function toParameter(row: ParameterRow, search: SweepForm['search']) {
  const { path, kind, values, min, max, scale, numbers, steps } = row
  const when = row.when.path === '' ? {} : { when: { path: row.when.path, in: readValues(row.when.values) } }
  if (kind === 'values') return { path, values: readValues(values), ...when }
  const integer = numbers === 'whole' ? { integer: true } : {}
  return { path, min, max, scale, ...integer, ...(search === 'grid' ? { steps } : {}), ...when }
}
