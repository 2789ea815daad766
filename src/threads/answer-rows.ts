/** Predicts the labelled rows of a table in slices, with the loss of each. */
import { lastActivation } from '../contract/network.js'
import { targetWidth } from '../datasets/target-coding.js'
import { lossOfRow, type Predictor, usesLogits } from '../engine/index.js'
import type { Ranked } from './largest-losses.js'
import { encodeSlices, type OpenedRows } from './table-rows.js'

/** @throws DatasetError if the rows do not fit the model, or the reason of the signal if it aborts */
export async function* answerRows(
  opened: OpenedRows,
  predictor: Predictor,
  signal: AbortSignal,
): AsyncGenerator<Ranked[]> {
  const { coding, loss, network } = opened
  const hasLogits = usesLogits(loss) && lastActivation(network) !== 'linear'
  const logits = hasLogits ? predictor.toLogits() : null
  const width = targetWidth(coding.target)
  for await (const { rows, x, y } of encodeSlices(opened, signal)) {
    const outputs = predictor.predict(x)
    const values = logits?.predict(x) ?? outputs
    const size = outputs.length / rows.length
    yield Array.from(rows, (row, index) => {
      const target = y.subarray(index * width, (index + 1) * width)
      const output = outputs.subarray(index * size, (index + 1) * size)
      const lossOfThis = lossOfRow(loss, values.subarray(index * size, (index + 1) * size), target)
      return { row, loss: lossOfThis, target, output }
    })
  }
}
