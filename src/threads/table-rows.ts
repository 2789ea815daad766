/** Encodes the labelled rows of a table in slices, between which the thread answers other calls. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Coding, GeneratedDataset } from '../contract/dataset.js'
import { type Loss, lastActivation, type Network } from '../contract/network.js'
import { encodeByCoding } from '../datasets/encoding.js'
import { type EvaluatorOptions, evaluatedRow } from '../datasets/evaluation.js'
import { inputCount } from '../datasets/feature-coding.js'
import { generate } from '../datasets/generated.js'
import { areBinary, labelledRows, withEmptyColumns } from '../datasets/labelled-rows.js'
import { DatasetError, type Table } from '../datasets/table.js'
import { targetNames, targetWidth } from '../datasets/target-coding.js'
import { predictionCost } from '../engine/index.js'

/** Rows per slice, in whole batches. */
const rowsAtOnce = { least: 64, most: 512 }
/** The duration of a slice, unless the least number of rows takes longer. */
const turnMilliseconds = 20
/** The operations of a slice, unless a single row needs more. Other tenants wait for it. */
const operationsAtOnce = 1e9

/** Rows of a network that are predicted without a pause. */
export const affordableRows = (network: Network, most: number) =>
  Math.max(1, Math.min(most, Math.floor(operationsAtOnce / predictionCost(network).flops(1))))

/** A model and the rows of a table that it is applied to. */
export interface TableOrder {
  /** The thread generates a generated dataset. */
  table: Table | GeneratedDataset
  /** Ascending indices of the rows; null for all. */
  only: Int32Array | null
  network: Network
  loss: Loss
  coding: Coding
  threshold: number | null
}

export interface OpenedRows extends Omit<TableOrder, 'table' | 'only'> {
  table: Table
  /** Labelled rows, ascending: all, or an evenly spaced sample. */
  rows: Int32Array
  /** Number of labelled rows. */
  available: number
  /** Rows without a value of a target. */
  unlabelled: number
}

export const toTable = (table: Table | GeneratedDataset): Table =>
  'chunks' in table ? table : generate(table)

/**
 * Selects at most `most` labelled rows of a table.
 * @throws DatasetError if there are none
 */
export function openRows({ table: given, only, ...model }: TableOrder, most: number): OpenedRows {
  const { coding } = model
  const table = withEmptyColumns(toTable(given), coding)
  const labelled = selectRows(labelledRows(table, coding.target), only)
  const available = labelled.length
  if (available === 0) {
    const names = targetNames(coding.target).join(', ')
    throw new DatasetError(
      'invalid-dataset',
      `no row has a value of ${names}, which the predictions are compared with`,
    )
  }
  const count = Math.min(available, most)
  const rows = Int32Array.from(
    { length: count },
    (_, index) => labelled[evaluatedRow(index, { available, count })],
  )
  return { table, rows, available, unlabelled: (only?.length ?? table.rows) - available, ...model }
}

/** How the evaluation reads targets and outputs of these rows. */
export function evaluatorOptions({
  network,
  loss,
  threshold,
  coding,
  ...part
}: OpenedRows): EvaluatorOptions {
  const isBinary = areBinary(part, coding.target)
  return { loss, lastActivation: lastActivation(network), isBinary, threshold }
}

/** The rows of the first list that the second, ascending one has. */
function selectRows(rows: Int32Array, only: Int32Array | null): Int32Array {
  if (only === null) return rows
  const selected = new Set(only)
  return rows.filter((row) => selected.has(row))
}

/** Consecutive rows. `x` is [rows, inputs], `y` is [rows, target width]. */
interface EncodedSlice {
  rows: Int32Array
  x: Float32Array
  y: Float32Array
}

/**
 * The encoded rows in order. The work of the caller on a slice counts in its duration.
 * @throws DatasetError if the rows do not fit the model, or the reason of the signal if it aborts
 */
export async function* encodeSlices(
  { table, rows, coding, loss, network }: OpenedRows,
  signal?: AbortSignal,
): AsyncGenerator<EncodedSlice> {
  for await (const [first, end] of pacedRanges({ rows, network }, signal)) {
    const slice = rows.subarray(first, end)
    const x = new Float32Array(slice.length * inputCount(coding))
    const y = new Float32Array(slice.length * targetWidth(coding.target))
    encodeByCoding({ table, rows: slice }, coding, loss, x, y)
    yield { rows: slice, x, y }
  }
}

/**
 * Consecutive ranges of the rows. Between two, the thread answers other calls. The rows of a large network come in ranges of
 * the same length, so that the batches do not depend on the time.
 * @throws the reason of the signal if it aborts
 */
export async function* pacedRanges(
  { rows, network }: Pick<OpenedRows, 'rows' | 'network'>,
  signal?: AbortSignal,
): AsyncGenerator<[first: number, end: number]> {
  const least = affordableRows(network, rowsAtOnce.least)
  const most = least < rowsAtOnce.least ? least : rowsAtOnce.most
  let atOnce = least
  for (let first = 0; first < rows.length; ) {
    const begin = performance.now()
    const end = Math.min(rows.length, first + atOnce)
    yield [first, end]
    first = end
    const milliseconds = performance.now() - begin
    if (milliseconds > turnMilliseconds) atOnce = Math.max(atOnce / 2, least)
    else if (milliseconds < turnMilliseconds / 2) atOnce = Math.min(atOnce * 2, most)
    await nextTurn()
    signal?.throwIfAborted()
  }
}
