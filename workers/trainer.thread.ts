/** A training thread. It runs the engine, and has no database and no queue. */
import { parentPort, workerData } from 'node:worker_threads'
import { finalTraining } from '../src/contract/folds.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import { divideByChanges, type Segment } from '../src/contract/segments.js'
import { DatasetError } from '../src/datasets/table.js'
import {
  compile,
  Dataset,
  Predictor,
  type Program,
  SpecError,
  type Training,
  train,
} from '../src/engine/index.js'
import { collectSoon } from '../src/threads/collect-garbage.js'
import { dataShape } from './compile-training.js'
import { chooseEpochs, type FoldOutcome } from './cross-validate.js'
import { encodeRows } from './encode-rows.js'
import { evaluate, evaluateFolds } from './evaluate-model.js'
import { areInPlace, offerWeights } from './export-arrays.js'
import { continuedState, type Fill, initialState, loadSource, type Source } from './initial-state.js'
import type { Outcome, SharedData, ToTrainer, TrainerSettings, TrainingOrder } from './messages.js'
import { runSegment, type SegmentEnd } from './run-segment.js'
import { SnapshotRecorder } from './snapshot-recorder.js'
import { ThreadPriority } from './thread-priority.js'
import { TrainerReport } from './trainer-report.js'
import { warmUp } from './warm-up.js'

if (parentPort === null) throw new Error('trainer.thread.ts runs in a worker thread only')
const report = new TrainerReport(parentPort)
const settings: TrainerSettings = workerData
const priority = new ThreadPriority()
/** Bytes of the largest training since the last garbage collection. */
let leftBytes = 0

parentPort.on('message', (message: ToTrainer) => {
  switch (message.type) {
    case 'train':
      void trainAll(message.orders, message.underway)
      break
    case 'stored':
      report.stored()
      break
    case 'filled':
      report.filled(message.refusal)
      break
    default:
      message satisfies never
  }
})

try {
  warmUp(settings.backend)
} catch {
  // Ignored, because the first training reports the same error.
}

async function trainAll(orders: TrainingOrder[], underway: Int32Array): Promise<void> {
  priority.begin()
  report.begin(orders.length)
  const encoded: SharedData[] = []
  for (const [index, order] of orders.entries()) {
    Atomics.store(underway, 0, index)
    report.order = index
    const outcome = await answer(order, () => resolveData(orders, index, encoded))
    if (outcome !== null) report.ended(outcome)
    priority.continue()
  }
  report.done(priority.end())
  collectSoon(leftBytes)
  leftBytes = 0
}

/** The outcome of the training; null if it is already reported with the model. */
async function answer(order: TrainingOrder, data: () => SharedData): Promise<Outcome | null> {
  if (Atomics.load(order.stop, 0) !== 0) return { type: 'stopped' }
  try {
    return await run(order, data())
  } catch (error) {
    if (!(error instanceof DatasetError) && !(error instanceof SpecError)) throw error
    return { type: 'refused', code: 'invalid-dataset', message: error.message }
  }
}

/**
 * The rows of an order, or those of the earlier order that it refers to. Encodes them if that order was stopped before
 * it did.
 * @throws DatasetError if the rows cannot be trained on
 */
function resolveData(orders: readonly TrainingOrder[], index: number, encoded: SharedData[]): SharedData {
  const { spec, data } = orders[index]
  if (typeof data === 'number') return resolveData(orders, data, encoded)
  if (data.type === 'shared') return data
  const cached = encoded.at(index)
  if (cached !== undefined) return cached
  const shared = encodeRows(spec, data)
  report.encoded(index, shared)
  encoded[index] = shared
  return shared
}

/** Chooses the number of epochs by folds. Null if the spec sets the number. */
function chooseByFolds(order: TrainingOrder, source: Source): FoldOutcome | null {
  const { spec, changes, foldData, foldResults, backend, stop } = order
  const folds = spec.earlyStopping?.folds
  if (folds === undefined || foldData === null) return null
  // The first epoch is trained by this spec.
  const [first] = divideByChanges(spec, changes)
  report.begun()
  return chooseEpochs({
    ...{ spec: first.spec, folds, data: foldData, backend, source, stop },
    done: foldResults,
    onFold: (result) => report.fold(result),
  })
}

async function run(order: TrainingOrder, data: SharedData): Promise<Outcome | null> {
  const { coding: firstCoding } = data
  const fill: Fill = (what, buffers) => report.fill(what, buffers)
  const source = await loadSource(order, firstCoding, fill)
  if ('code' in source) return { type: 'refused', ...source }
  const choice = chooseByFolds(order, source)
  if (choice !== null && choice.type !== 'chosen') return choice
  const plannedEpochs = choice === null ? undefined : (order.plannedEpochs ?? choice.epochs)
  const segments = divideByChanges(order.spec, order.changes)
  let state = initialState(order, source, fill, segmentChange(order.checkpoint, segments))
  for (const [index, { spec, lastEpoch }] of segments.entries()) {
    const isLast = index === segments.length - 1
    if (!isLast && lastEpoch !== null && state.epoch >= lastEpoch) continue
    const rows = rowsOfSegment(order, data, { index, spec })
    const dataset = Dataset.attach(rows.handle)
    const { size } = dataset
    const { coding } = rows
    const final = finalTraining(plannedEpochs === undefined ? spec : { ...spec, epochs: plannedEpochs })
    const program = compile(final, dataShape(spec, size, coding))
    if (spec.threads > 1) priority.lower()
    const training = train(program, dataset, {
      backend: order.backend,
      seed: spec.seed,
      threads: spec.threads,
      initialWeights: state.weights(program, coding, spec.seed),
      ...(lastEpoch === null ? {} : { holdAfter: lastEpoch }),
    })
    try {
      const refusal = await state.enter(training)
      if (refusal !== null) return { type: 'refused', ...refusal }
      const recorder = SnapshotRecorder.of(program, coding)
      const end = await runSegment(training, {
        ...order,
        plannedEpochs,
        lastEpoch,
        isLast,
        recorder,
        isWatched: spec.watch !== undefined,
        report,
        priority,
      })
      if (end.type === 'reached') {
        state = continuedState(training.snapshot(), { before: spec, spec: segments[index + 1].spec })
        continue
      }
      if (end.type !== 'trained') return end
      return await finish(order, { training, program, end, data: rows, choice })
    } finally {
      training.dispose()
      leftBytes = Math.max(leftBytes, dataset.spareBytes)
    }
  }
  throw new Error('a training has no last segment')
}

/** Rows of another dataset are scaled as those of the first, which the network was trained on. */
function rowsOfSegment(
  { laterData }: TrainingOrder,
  first: SharedData,
  { index, spec }: { index: number; spec: JobSpec },
): SharedData {
  if (laterData === null || index === 0) return first
  const inheritance = { coding: first.coding, scaling: true, targetScaling: true }
  return encodeRows(spec, { ...laterData[index - 1], inheritance })
}

/** The segments that meet where a checkpoint was taken. */
function segmentChange(checkpoint: TrainingOrder['checkpoint'], segments: readonly Segment[]) {
  if (checkpoint === null || checkpoint.step > 0) return null
  const index = segments.findIndex(({ lastEpoch }) => lastEpoch === checkpoint.epoch)
  const next = segments.at(index + 1)
  return index < 0 || next === undefined ? null : { before: segments[index].spec, spec: next.spec }
}

interface Trained {
  training: Training
  program: Program
  end: Extract<SegmentEnd, { type: 'trained' }>
  data: SharedData
  choice: FoldOutcome | null
}

/** Evaluates and reports the model. The outcome is null if it is already reported. */
async function finish(order: TrainingOrder, trained: Trained): Promise<Outcome | null> {
  const { training, program, end, data, choice } = trained
  const { spec, backend, stop } = order
  const { network, layers, parameters } = program
  const dataset = Dataset.attach(data.handle)
  const { coding } = data
  const views = training.weightViews()
  const weights = offerWeights(views)
  const predictor = () =>
    areInPlace(weights.bytes) ? training.predictor() : new Predictor(network, views, { backend })
  const evaluation =
    choice?.type !== 'chosen' || dataset.size.validationRows > 0
      ? evaluate({ network, predictor: predictor(), loss: spec.loss, dataset, coding, stop })
      : evaluateFolds(choice.answers, spec, data, stop)
  if (evaluation === null) {
    await end.handBack()
    return { type: 'stopped' }
  }
  const { bestEpoch } = training
  const model = { layers, coding, parameters, weights, evaluation, bestEpoch }
  if (areInPlace(weights.bytes)) {
    if (end.unreported !== null) await report.progress({ ...end.unreported, checkpoint: null })
    await report.inPlace(model)
    return null
  }
  if (end.unreported === null) return { type: 'trained', model }
  await report.whole(end.unreported, model)
  return null
}
