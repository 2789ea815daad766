/** Evaluates a model on the labelled rows of a table, in slices between which the thread answers other calls. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Coding, GeneratedDataset } from '../contract/dataset.js'
import { type Evaluation, maximumEvaluatedRows } from '../contract/evaluation.js'
import { type Loss, lastActivation, type Network } from '../contract/network.js'
import { encodeByCoding } from '../datasets/encoding.js'
import { Evaluator, evaluatedRow } from '../datasets/evaluation.js'
import { inputCount } from '../datasets/feature-coding.js'
import { generate } from '../datasets/generated.js'
import { areBinary, labelledRows, withEmptyColumns } from '../datasets/labelled-rows.js'
import { DatasetError, type Table } from '../datasets/table.js'
import { targetNames, targetWidth } from '../datasets/target-coding.js'
import type { Predictor } from '../engine/index.js'

/** Rows per slice, in whole batches. */
const rowsAtOnce = { least: 64, most: 512 }
/** The duration of a slice, unless the least number of rows takes longer. */
const turnMilliseconds = 20

export interface TableEvaluationOrder {
  /** The thread generates a generated dataset. */
  table: Table | GeneratedDataset
  /** Ascending indices of the rows to evaluate; null for all. */
  only: Int32Array | null
  network: Network
  loss: Loss
  coding: Coding
  threshold: number | null
}

export interface TableEvaluation {
  evaluation: Evaluation
  /** Rows without a value of a target. */
  unlabelled: number
}

/** @throws DatasetError if the rows do not fit the model */
export async function evaluateTable(
  order: TableEvaluationOrder,
  predictor: Predictor,
): Promise<TableEvaluation> {
  const { network, loss, coding, threshold } = order
  const table = withEmptyColumns(toTable(order.table), coding)
  const labelled = selectRows(labelledRows(table, coding.target), order.only)
  const available = labelled.length
  if (available === 0) {
    const names = targetNames(coding.target).join(', ')
    throw new DatasetError(
      'invalid-dataset',
      `no row has a value of ${names}, which the predictions are compared with`,
    )
  }
  const count = Math.min(available, maximumEvaluatedRows)
  const rows = Int32Array.from(
    { length: count },
    (_, index) => labelled[evaluatedRow(index, { available, count })],
  )
  const evaluator = new Evaluator(
    coding.target,
    {
      loss,
      lastActivation: lastActivation(network),
      isBinary: areBinary({ table, rows }, coding.target),
      threshold,
    },
    { rows: 'given', available, count },
  )
  let atOnce = rowsAtOnce.least
  for (let first = 0; first < count; ) {
    const begin = performance.now()
    const next = rows.subarray(first, first + atOnce)
    evaluateRows({ ...order, table, rows: next }, predictor, evaluator)
    first += next.length
    const milliseconds = performance.now() - begin
    if (milliseconds > turnMilliseconds) atOnce = Math.max(atOnce / 2, rowsAtOnce.least)
    else if (milliseconds < turnMilliseconds / 2) atOnce = Math.min(atOnce * 2, rowsAtOnce.most)
    await nextTurn()
  }
  const selected = order.only?.length ?? table.rows
  return { evaluation: evaluator.result(), unlabelled: selected - available }
}

/** The rows of the first list that the second, ascending one has. */
function selectRows(rows: Int32Array, only: Int32Array | null): Int32Array {
  if (only === null) return rows
  const selected = new Set(only)
  return rows.filter((row) => selected.has(row))
}

export const toTable = (table: Table | GeneratedDataset): Table =>
  'chunks' in table ? table : generate(table)

function evaluateRows(
  { table, rows, coding, loss }: TableEvaluationOrder & { table: Table; rows: Int32Array },
  predictor: Predictor,
  evaluator: Evaluator,
): void {
  const width = targetWidth(coding.target)
  const x = new Float32Array(rows.length * inputCount(coding))
  const y = new Float32Array(rows.length * width)
  encodeByCoding({ table, rows }, coding, loss, x, y)
  const outputs = predictor.predict(x)
  const size = outputs.length / rows.length
  for (let row = 0; row < rows.length; row++) {
    evaluator.add(y.subarray(row * width, (row + 1) * width), outputs.subarray(row * size, (row + 1) * size))
  }
}
