/** Finds the rows with the largest loss under a model. Keeps few rows in memory while slices pass. */
import type { TargetCoding } from '../contract/dataset.js'
import { lastActivation } from '../contract/network.js'
import { maximumRankedRows, type WorstRow } from '../contract/worst-rows.js'
import { type ClassReader, classReader } from '../datasets/evaluation.js'
import { type Part, readColumn } from '../datasets/feature-coding.js'
import { argmax, decoder } from '../datasets/prediction.js'
import { readRowsAt } from '../datasets/preview.js'
import { shown, shownNames } from '../datasets/shown-text.js'
import { DatasetError, type Table } from '../datasets/table.js'
import { targetWidth } from '../datasets/target-coding.js'
import { targetReader } from '../datasets/target-writing.js'
import { lossOfRow, type Predictor, usesLogits } from '../engine/index.js'
import type { Ranking, RankingRequest } from '../training/ports/predictor-pool.js'
import { LargestLosses, type Ranked } from './largest-losses.js'
import {
  encodeSlices,
  evaluatorOptions,
  type OpenedRows,
  openRows,
  type TableOrder,
  toTable,
} from './table-rows.js'

export interface RankingOrder extends RankingRequest {
  rows: TableOrder
}

/** @throws DatasetError if the rows do not fit the model, or there is no such cell */
export async function rankRows(
  { rows: order, limit, cell }: RankingOrder,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<Ranking> {
  // Generated once.
  const table = toTable(order.table)
  const opened = openRows({ ...order, table }, maximumRankedRows)
  const { coding, loss, network } = opened
  const isInCell =
    cell === null ? () => true : cellFilter(classReader(coding.target, evaluatorOptions(opened)), cell)
  const hasLogits = usesLogits(loss) && lastActivation(network) !== 'linear'
  const logits = hasLogits ? predictor.toLogits() : null
  const worst = new LargestLosses(limit)
  const width = targetWidth(coding.target)
  let [unanswered, matching] = [0, 0]
  for await (const { rows, x, y } of encodeSlices(opened, signal)) {
    const outputs = predictor.predict(x)
    const values = logits?.predict(x) ?? outputs
    const size = outputs.length / rows.length
    for (const [index, row] of rows.entries()) {
      const target = y.subarray(index * width, (index + 1) * width)
      const output = outputs.subarray(index * size, (index + 1) * size)
      const lossOfThis = lossOfRow(loss, values.subarray(index * size, (index + 1) * size), target)
      if (!Number.isFinite(lossOfThis) || !output.every(Number.isFinite)) unanswered++
      else if (isInCell(target, output)) {
        matching++
        worst.add({ row, loss: lossOfThis, target, output })
      }
    }
  }
  return {
    available: opened.available,
    count: opened.rows.length,
    unanswered,
    matching,
    columns: table.columns.flatMap(({ name, type }) => (type === 'ignored' ? [] : [name])),
    rows: describe(worst.result(), opened, table),
  }
}

type CellFilter = (target: Float32Array, output: Float32Array) => boolean

function cellFilter(reader: ClassReader | null, cell: readonly [string, string]): CellFilter {
  if (reader === null) {
    throw new DatasetError('invalid-dataset', 'cell needs a target with classes, and this model has none')
  }
  const { classes, actual, predicted } = reader
  const [truth, prediction] = cell.map((name) => {
    const index = classes.indexOf(name)
    if (index >= 0) return index
    const message = `cell names ${shown(name)}, but the classes of the model are ${shownNames(classes)}`
    throw new DatasetError('invalid-dataset', message)
  })
  return (target, output) => actual(target) === truth && predicted(output) === prediction
}

/** The ranked rows as the API shows them. */
function describe(
  ranked: readonly Ranked[],
  { coding, network, loss, threshold }: OpenedRows,
  table: Table,
): WorstRow[] {
  const rows = Int32Array.from(ranked, ({ row }) => row).sort()
  const places = new Map(Array.from(rows, (row, index) => [row, index]))
  const values = readRowsAt(table, [...rows])
  const readTruth = truthReader(coding.target, { table, rows })
  const decode = decoder(coding, { lastActivation: lastActivation(network), loss, threshold })
  return ranked.map(({ row, loss, target, output }) => {
    const place = places.get(row) ?? 0
    return { row, loss, prediction: decode(output), truth: readTruth(target, place), values: values[place] }
  })
}

type Truth = WorstRow['truth']

/** Reads the targets of a row from its encoded targets and its index in the part. */
function truthReader(coding: TargetCoding, part: Part): (target: Float32Array, index: number) => Truth {
  switch (coding.type) {
    case 'oneHot':
      return (target) => ({ label: coding.classes[argmax(target)] })
    case 'binary':
      return ([index]) => ({ label: coding.classes[index] })
    case 'multiLabel':
    case 'number': {
      // Encoded numbers are rounded to float32.
      const columns = coding.names.map((name) => readTarget(part, name))
      const output = (index: number) => columns.map((values) => values[index])
      if (coding.type === 'number') return (_, index) => ({ output: output(index) })
      return (target, index) => ({
        output: output(index),
        labels: coding.names.filter((_, position) => target[position] >= 0.5),
      })
    }
    default:
      return coding satisfies never
  }
}

function readTarget(part: Part, name: string): Float64Array {
  const { columns } = part.table
  const position = columns.findIndex((column) => column.name === name)
  return readColumn(part, position).map(targetReader(columns[position]))
}
