/** Asks a network that has just been trained about rows whose answers are known. */
import type { Coding } from '../src/contract/dataset.js'
import { type Evaluation, maximumEvaluatedRows } from '../src/contract/evaluation.js'
import { type Loss, lastActivation, type Network } from '../src/contract/network.js'
import { Evaluator } from '../src/datasets/evaluation.js'
import { targetWidth } from '../src/datasets/target-coding.js'
import { type Dataset, Predictor, type Weights } from '../src/engine/index.js'
import type { BackendSetting } from './messages.js'

/** Asked at once; in between, whoever wants the training to stop is heard. */
const rowsAtOnce = 512

interface Examination {
  network: Network
  weights: Weights
  loss: Loss
  dataset: Dataset
  coding: Coding
  backend: BackendSetting
  /** Word 0 ≠ 0 asks to stop. */
  stop: Int32Array
}

/** Asks about the validation rows, or the training rows where there are none; null when it was asked to stop. */
export function evaluate(examination: Examination): Evaluation | null {
  const { network, weights, loss, dataset, coding, backend, stop } = examination
  const { size } = dataset
  const isValidation = size.validationRows > 0
  const available = isValidation ? size.validationRows : size.trainingRows
  const [x, y] = isValidation
    ? [dataset.validationX, dataset.validationY]
    : [dataset.trainingX, dataset.trainingY]
  const count = Math.min(available, maximumEvaluatedRows)
  const rows = isValidation ? ('validation' as const) : ('training' as const)
  const targets = targetWidth(coding.target)
  // A weight may stand behind the targets of a row.
  const stride = y.length / available
  const isBinary = y.every((value, place) => place % stride >= targets || value === 0 || value === 1)
  const evaluator = new Evaluator(
    coding.target,
    { loss, lastActivation: lastActivation(network), isBinary },
    { rows, available, count },
  )
  const predictor = new Predictor(network, weights, { backend })
  const inputs = new Float32Array(Math.min(rowsAtOnce, count) * size.features)
  for (let first = 0; first < count; first += rowsAtOnce) {
    if (Atomics.load(stop, 0) !== 0) return null
    const asked = Math.min(rowsAtOnce, count - first)
    const places = Array.from({ length: asked }, (_, index) =>
      Math.floor(((first + index) * available) / count),
    )
    for (const [index, place] of places.entries()) {
      inputs.set(x.subarray(place * size.features, (place + 1) * size.features), index * size.features)
    }
    const outputs = predictor.predict(inputs.subarray(0, asked * size.features))
    const width = outputs.length / asked
    for (const [index, place] of places.entries()) {
      evaluator.add(
        y.subarray(place * stride, place * stride + targets),
        outputs.subarray(index * width, (index + 1) * width),
      )
    }
  }
  return evaluator.result()
}
