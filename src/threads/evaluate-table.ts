/** Evaluates a model on the labelled rows of a table. */
import { type Evaluation, maximumEvaluatedRows } from '../contract/evaluation.js'
import { Evaluator } from '../datasets/evaluation.js'
import { targetWidth } from '../datasets/target-coding.js'
import type { Predictor } from '../engine/index.js'
import { encodeSlices, evaluatorOptions, openRows, type TableOrder } from './table-rows.js'

export interface TableEvaluation {
  evaluation: Evaluation
  /** Rows without a value of a target. */
  unlabelled: number
}

/** @throws DatasetError if the rows do not fit the model, or the reason of the signal */
export async function evaluateTable(
  order: TableOrder,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<TableEvaluation> {
  const opened = openRows(order, maximumEvaluatedRows)
  const { rows, available, unlabelled, coding } = opened
  const evaluated = { rows: 'given', available, count: rows.length } as const
  const evaluator = new Evaluator(coding.target, evaluatorOptions(opened), evaluated)
  const width = targetWidth(coding.target)
  for await (const { rows: slice, x, y } of encodeSlices(opened, signal)) {
    const outputs = predictor.predict(x)
    const size = outputs.length / slice.length
    for (let row = 0; row < slice.length; row++) {
      evaluator.add(
        y.subarray(row * width, (row + 1) * width),
        outputs.subarray(row * size, (row + 1) * size),
      )
    }
  }
  return { evaluation: evaluator.result(), unlabelled }
}
