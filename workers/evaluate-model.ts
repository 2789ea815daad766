/** Compares the predictions of a trained network with the encoded targets of rows. */
import type { Coding } from '../src/contract/dataset.js'
import { type EvaluatedRows, type Evaluation, maximumEvaluatedRows } from '../src/contract/evaluation.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import { type Loss, lastActivation, type Network } from '../src/contract/network.js'
import { Evaluator, evaluatedRow } from '../src/datasets/evaluation.js'
import { targetWidth } from '../src/datasets/target-coding.js'
import { scaleTarget } from '../src/datasets/target-scaling.js'
import { Dataset, type RowPredictor } from '../src/engine/index.js'
import type { SharedData } from './messages.js'

/** Rows per prediction. A request to stop is noticed between them. */
const rowsAtOnce = 512

interface Examination {
  network: Network
  predictor: RowPredictor
  loss: Loss
  dataset: Dataset
  coding: Coding
  /** A word 0 other than 0 requests a stop. */
  stop: Int32Array
}

/** Evaluates on the validation rows, or on the training rows if there are none. Null after a request to stop. */
export function evaluate(examination: Examination): Evaluation | null {
  const { predictor, dataset, coding, stop } = examination
  const { size } = dataset
  const [x, targets] =
    size.validationRows > 0
      ? [dataset.validationX, selectTargets(dataset.validationY, size.validationRows, coding, 'validation')]
      : [dataset.trainingX, selectTargets(dataset.trainingY, size.trainingRows, coding, 'training')]
  const { count } = targets.rows
  const evaluator = createEvaluator(targets, coding, examination)
  const inputs = new Float32Array(Math.min(rowsAtOnce, count) * size.features)
  for (let first = 0; first < count; first += rowsAtOnce) {
    if (Atomics.load(stop, 0) !== 0) return null
    const rows = Math.min(rowsAtOnce, count - first)
    const indices = Array.from({ length: rows }, (_, index) => evaluatedRow(first + index, targets.rows))
    for (const [index, row] of indices.entries()) {
      inputs.set(x.subarray(row * size.features, (row + 1) * size.features), index * size.features)
    }
    const outputs = predictor.predict(inputs.subarray(0, rows * size.features))
    const width = outputs.length / rows
    for (const [index, row] of indices.entries()) {
      evaluator.add(targets.of(row), outputs.subarray(index * width, (index + 1) * width))
    }
  }
  return evaluator.result()
}

/**
 * Evaluates each row with the network that was trained without its fold. Null after a request to stop.
 * @param answers rows × outputs, in the unit of the target
 */
export function evaluateFolds(
  answers: Float32Array,
  spec: Pick<JobSpec, 'loss' | 'network'>,
  { coding, handle }: SharedData,
  stop: Int32Array,
): Evaluation | null {
  const { trainingY, size } = Dataset.attach(handle)
  const targets = selectTargets(trainingY, size.trainingRows, coding, 'folds')
  const evaluator = createEvaluator(targets, coding, spec)
  const outputs = answers.length / size.trainingRows
  for (let index = 0; index < targets.rows.count; index++) {
    if (index % rowsAtOnce === 0 && Atomics.load(stop, 0) !== 0) return null
    const row = evaluatedRow(index, targets.rows)
    const answer = answers.subarray(row * outputs, (row + 1) * outputs)
    evaluator.add(
      targets.of(row),
      answer.map((value, output) => scaleTarget(coding.target, output, value)),
    )
  }
  return evaluator.result()
}

interface Targets {
  rows: EvaluatedRows
  /** Whether all targets of all rows are 0 or 1. */
  isBinary: boolean
  of(row: number): Float32Array
}

/** @param y rows × targets. With weights, each row has its weight after its targets */
function selectTargets(
  y: Float32Array,
  available: number,
  coding: Coding,
  rows: EvaluatedRows['rows'],
): Targets {
  const width = targetWidth(coding.target)
  const stride = y.length / available
  return {
    rows: { rows, available, count: Math.min(available, maximumEvaluatedRows) },
    isBinary: y.every((value, row) => row % stride >= width || value === 0 || value === 1),
    of: (row) => y.subarray(row * stride, row * stride + width),
  }
}

function createEvaluator(
  { rows, isBinary }: Targets,
  coding: Coding,
  { loss, network }: { loss: Loss; network: Network },
): Evaluator {
  return new Evaluator(coding.target, { loss, lastActivation: lastActivation(network), isBinary }, rows)
}
