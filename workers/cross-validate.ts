/**
 * Chooses the number of epochs by cross-validation: trains once without each fold, and validates on its rows. Keeps the
 * predictions for the evaluation of the job.
 */
import { isDivided } from '../src/contract/folds.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import { everyRow, readClasses, splitTable } from '../src/datasets/split-rows.js'
import { targetWidth } from '../src/datasets/target-coding.js'
import { unscaleTarget } from '../src/datasets/target-scaling.js'
import { compile, Dataset, Predictor, splitFolds, type Training, train } from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'
import { dataShape } from './compile-training.js'
import { encodeRows } from './encode-rows.js'
import type { Source } from './initial-state.js'
import { type FoldResult, type RawData, type SharedData, stopWords } from './messages.js'
import { weightsToBegin } from './transferred-weights.js'

const sliceMilliseconds = 50
/** Rows per prediction. A request to stop is noticed between them. */
const rowsAtOnce = 512

export interface FoldOrder {
  spec: JobSpec
  folds: number
  data: RawData
  backend: BackendSetting
  source: Source
  /** Its word 0 is 0 or one of `stopWords`. */
  stop: Int32Array
  /** The first folds, if an earlier attempt has trained them. */
  done: readonly FoldResult[]
  /** Receives the result of each other fold. */
  onFold(result: FoldResult): void
}

export type FoldOutcome =
  /** `answers` is training rows × outputs, in the unit of the target; NaN for rows without a prediction. */
  | { type: 'chosen'; epochs: number; answers: Float32Array }
  | { type: 'stopped' }
  /** Every fold diverged. */
  | { type: 'diverged'; epoch: number }

/** Depends on the spec and the rows alone, so an attempt after an interruption chooses the same. */
export function chooseEpochs(order: FoldOrder): FoldOutcome {
  const { spec, folds, data } = order
  const { training: table } = data
  const chosen = isDivided(spec) ? splitTable(spec, table).training : everyRow(table)
  const rows = chosen.length
  const classes = readClasses(table, spec.loss)
  const held = splitFolds(
    { rows, folds, seed: spec.seed },
    classes === null ? null : chosen.map((row) => classes[row]),
  )
  const best: number[] = []
  let divergedIn = 0
  let answers = new Float32Array(0)
  for (const [fold, validation] of held.entries()) {
    const outcome = order.done.at(fold) ?? trainWithout(validation, chosen, fold, order)
    if (outcome === null) return { type: 'stopped' }
    if (fold >= order.done.length) {
      order.onFold(outcome)
      if (Atomics.load(order.stop, 0) !== 0) return { type: 'stopped' }
    }
    if (outcome.bestEpoch === null) {
      divergedIn = outcome.epoch
      continue
    }
    best.push(outcome.bestEpoch)
    const outputs = outcome.answers.length / validation.length
    if (answers.length === 0) answers = new Float32Array(rows * outputs).fill(Number.NaN)
    for (const [index, row] of validation.entries()) {
      answers.set(outcome.answers.subarray(index * outputs, (index + 1) * outputs), row * outputs)
    }
  }
  if (best.length === 0) return { type: 'diverged', epoch: divergedIn }
  return { type: 'chosen', epochs: Math.max(1, Math.ceil(median(best))), answers }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2
}

const mustStopNow = (stop: Int32Array) => Atomics.load(stop, 0) === stopWords.atNextStep

/**
 * Null after a request to stop at once.
 * @param validation indices in `chosen`, the training rows of the job
 */
function trainWithout(
  validation: Int32Array,
  chosen: Int32Array,
  fold: number,
  order: FoldOrder,
): FoldResult | null {
  const { data, backend, source, stop } = order
  const { training: table } = data
  const held = new Set(validation)
  const rows = chosen.filter((_, index) => !held.has(index))
  const spec = foldSpec(order.spec, fold, rows.length)
  const encoded = encodeRows(spec, data, {
    training: { table, rows },
    validation: { table, rows: validation.map((index) => chosen[index]) },
  })
  const dataset = Dataset.attach(encoded.handle)
  const { size } = dataset
  const program = compile(spec, dataShape(spec, size, encoded.coding))
  const training = train(program, dataset, {
    backend,
    seed: spec.seed,
    threads: spec.threads,
    initialWeights: weightsToBegin(source, program, encoded.coding, spec.seed),
  })
  try {
    const state = runToEnd(training, stop)
    if (state === 'stopped') return null
    const { epoch, bestEpoch } = training
    const none = { bestEpoch: null, epoch, answers: new Float32Array(0) }
    if (state === 'diverged' || bestEpoch === null) return none
    const predictor = new Predictor(program.network, training.weights(), { backend })
    const answers = predictInParts(predictor, dataset.validationX, size.features, stop)
    return answers === null ? null : { bestEpoch, epoch, answers: unscaled(answers, encoded) }
  } finally {
    training.dispose()
  }
}

/** The job's spec on the rows of all folds but one: with early stopping and a separate seed. */
function foldSpec(spec: JobSpec, fold: number, rows: number): JobSpec {
  const { earlyStopping, batchSize } = spec
  return {
    ...spec,
    seed: (spec.seed + fold + 1) % Number.MAX_SAFE_INTEGER,
    batchSize: batchSize === 'full' ? batchSize : Math.min(batchSize, rows),
    ...(earlyStopping === undefined ? {} : { earlyStopping: { ...earlyStopping, restoreBest: true } }),
  }
}

function runToEnd(training: Training, stop: Int32Array): 'stopped' | 'diverged' | 'trained' {
  for (;;) {
    if (mustStopNow(stop)) return 'stopped'
    const { state } = training.run({ milliseconds: sliceMilliseconds })
    switch (state) {
      case 'running':
        break
      case 'stopped':
      case 'diverged':
        return state
      case 'finished':
      case 'earlyStopped':
        return 'trained'
      default:
        state satisfies never
    }
  }
}

/** Null after a request to stop. */
function predictInParts(
  predictor: Predictor,
  inputs: Float32Array,
  features: number,
  stop: Int32Array,
): Float32Array | null {
  const rows = inputs.length / features
  let answers = new Float32Array(0)
  for (let first = 0; first < rows; first += rowsAtOnce) {
    if (mustStopNow(stop)) return null
    const count = Math.min(rowsAtOnce, rows - first)
    const outputs = predictor.predict(inputs.subarray(first * features, (first + count) * features))
    const width = outputs.length / count
    if (first === 0) answers = new Float32Array(rows * width)
    answers.set(outputs, first * width)
  }
  return answers
}

function unscaled(answers: Float32Array, { coding: { target } }: SharedData): Float32Array {
  const width = targetWidth(target)
  return answers.map((answer, index) => unscaleTarget(target, index % width, answer))
}
