/** Asks a model about the labelled rows of a table, some at a time. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Coding } from '../src/contract/dataset.js'
import { type Evaluation, maximumEvaluatedRows } from '../src/contract/evaluation.js'
import { type Loss, lastActivation, type Network } from '../src/contract/network.js'
import { encodeByCoding } from '../src/datasets/encoding.js'
import { Evaluator } from '../src/datasets/evaluation.js'
import { inputsOf } from '../src/datasets/feature-coding.js'
import type { Table } from '../src/datasets/table.js'
import { targetNames, targetWidth } from '../src/datasets/target-coding.js'
import type { Predictor } from '../src/engine/index.js'

/** Asked at once; in between, other questions are answered. */
const rowsAtOnce = 512

export interface TableQuestion {
  table: Table
  network: Network
  loss: Loss
  coding: Coding
  threshold: number | null
}

/** @throws DatasetError when the rows do not fit the model */
export async function evaluateTable(question: TableQuestion, predictor: Predictor): Promise<Evaluation> {
  const { table, network, loss, coding, threshold } = question
  const available = table.rows
  const count = Math.min(available, maximumEvaluatedRows)
  const rows = Int32Array.from({ length: count }, (_, index) => Math.floor((index * available) / count))
  const [inputs, width] = [inputsOf(coding), targetWidth(coding.target)]
  const isBinary = hasBinaryTargets(table, coding)
  const evaluator = new Evaluator(
    coding.target,
    { loss, lastActivation: lastActivation(network), isBinary, threshold },
    { rows: 'given', available, count },
  )
  for (let first = 0; first < count; first += rowsAtOnce) {
    const asked = rows.subarray(first, Math.min(count, first + rowsAtOnce))
    const x = new Float32Array(asked.length * inputs)
    const y = new Float32Array(asked.length * width)
    encodeByCoding({ table, rows: asked }, coding, loss, x, y)
    const outputs = predictor.predict(x)
    const size = outputs.length / asked.length
    for (let row = 0; row < asked.length; row++) {
      evaluator.add(
        y.subarray(row * width, (row + 1) * width),
        outputs.subarray(row * size, (row + 1) * size),
      )
    }
    await nextTurn()
  }
  return evaluator.result()
}

/** Whether the targets of the table are 0 or 1, for models of which the coding does not say so. */
function hasBinaryTargets({ columns }: Table, { target }: Coding): boolean {
  const names = new Set(targetNames(target))
  const targets = columns.filter(({ name }) => names.has(name))
  return targets.every(({ type, min = 0, max = 1, integers }) => {
    return type !== 'number' || (min >= 0 && max <= 1 && integers !== false)
  })
}
