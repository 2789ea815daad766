/** Finds the rows with the largest loss under a model. Keeps few rows in memory while slices pass. */
import { maximumRankedRows } from '../contract/worst-rows.js'
import { type ClassReader, classReader } from '../datasets/evaluation.js'
import { shown, shownNames } from '../datasets/shown-text.js'
import { DatasetError } from '../datasets/table.js'
import type { Predictor } from '../engine/index.js'
import type { Ranking, RankingRequest } from '../training/ports/predictor-pool.js'
import { answerRows } from './answer-rows.js'
import { LargestLosses } from './largest-losses.js'
import { shownColumns, showRows } from './shown-rows.js'
import { evaluatorOptions, openRows, type TableOrder, toTable } from './table-rows.js'

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
  const { coding } = opened
  const isInCell =
    cell === null ? () => true : cellFilter(classReader(coding.target, evaluatorOptions(opened)), cell)
  const worst = new LargestLosses(limit)
  let [unanswered, matching] = [0, 0]
  for await (const slice of answerRows(opened, predictor, signal)) {
    for (const { row, loss, target, output } of slice) {
      if (!Number.isFinite(loss) || !output.every(Number.isFinite)) unanswered++
      else if (isInCell(target, output)) {
        matching++
        worst.add({ row, loss, target, output })
      }
    }
  }
  return {
    available: opened.available,
    count: opened.rows.length,
    unanswered,
    matching,
    columns: shownColumns(table),
    rows: showRows(worst.result(), opened, table),
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
