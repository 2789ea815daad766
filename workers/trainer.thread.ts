/** A training thread: the engine and nothing else. It knows no database and no queue. */
import { parentPort } from 'node:worker_threads'
import { finalTraining } from '../src/contract/folds.js'
import type { Change, JobSpec } from '../src/contract/job.js'
import { DatasetError } from '../src/datasets/table.js'
import {
  compile,
  countOf,
  Dataset,
  explainBackend,
  type Snapshot,
  SpecError,
  type Training,
  train,
} from '../src/engine/index.js'
import type { Progress } from '../src/training/ports.js'
import { dataShape } from './data-shape.js'
import { encodeRows } from './encode-rows.js'
import { evaluate, evaluateFolds } from './evaluation.js'
import { chooseEpochs, type FoldOutcome } from './folds.js'
import { weightsToBegin } from './initial-weights.js'
import type { BackendSetting, FromTrainer, SharedData, ToTrainer, TrainingOrder } from './messages.js'
import { packSnapshot, unpackSnapshot } from './packed-snapshot.js'
import { packWeights } from './packed-weights.js'
import { SnapshotRecorder } from './snapshot-recorder.js'

if (parentPort === null) throw new Error('trainer.thread.ts runs in a worker thread only')
const port = parentPort

/** The first slice is short, so that whoever watches sees something at once. */
const firstSliceMilliseconds = 5
const sliceMilliseconds = 50
/** Messages of progress on their way to the database; then the training waits, so that memory does not grow. */
const maximumUnstored = 2

let unstored = 0
let resume: (() => void) | undefined

port.on('message', (message: ToTrainer) => {
  switch (message.type) {
    case 'train':
      void answer(message)
      break
    case 'stored':
      unstored--
      resume?.()
      break
    default:
      message satisfies never
  }
})

async function answer(order: TrainingOrder): Promise<void> {
  unstored = 0
  try {
    const data = order.data.type === 'shared' ? order.data : encodeRows(order.spec, order.data)
    if (order.data.type === 'raw') send({ type: 'encoded', data })
    await run(order, data)
  } catch (error) {
    if (!(error instanceof DatasetError) && !(error instanceof SpecError)) throw error
    send({ type: 'refused', message: error.message })
  }
}

/** A stretch of epochs trained by one spec: what resuming changes begins a new one. */
interface Stretch {
  spec: JobSpec
  /** Null for the last. */
  lastEpoch: number | null
}

function stretchesOf(spec: JobSpec, changes: Change[]): Stretch[] {
  const earlier = changes.map(({ before: { epochs, learningRate }, fromEpoch }) => ({
    spec: { ...spec, epochs, optimizer: { ...spec.optimizer, learningRate } },
    lastEpoch: fromEpoch - 1,
  }))
  return [...earlier, { spec, lastEpoch: null }]
}

/** How many epochs the job has, where folds choose it; null where its spec says it. */
function chooseByFolds(order: TrainingOrder): FoldOutcome | null {
  const { spec, changes, foldData, backend, initialWeights, sourceCoding, stop } = order
  const folds = spec.earlyStopping?.folds
  if (folds === undefined || foldData === null) return null
  // The spec that the first epoch is trained by.
  const first = stretchesOf(spec, changes).find(({ lastEpoch }) => lastEpoch === null || lastEpoch > 0)
  const { optimizer } = first?.spec ?? spec
  return chooseEpochs({
    spec: { ...spec, optimizer },
    folds,
    data: foldData,
    backend,
    source: { initialWeights, sourceCoding },
    stop,
  })
}

async function run(order: TrainingOrder, data: SharedData): Promise<void> {
  const choice = chooseByFolds(order)
  if (choice !== null && choice.type !== 'chosen') return send(choice)
  const plannedEpochs = choice === null ? undefined : (order.plannedEpochs ?? choice.epochs)
  const { handle, coding } = data
  const dataset = Dataset.attach(handle)
  const { size } = dataset
  let snapshot = order.checkpoint === null ? null : unpackSnapshot(order.checkpoint)
  for (const { spec, lastEpoch } of stretchesOf(order.spec, order.changes)) {
    if (lastEpoch !== null && (snapshot?.position.epoch ?? 0) >= lastEpoch) continue
    const final = finalTraining(plannedEpochs === undefined ? spec : { ...spec, epochs: plannedEpochs })
    const program = compile(final, dataShape(spec, size, coding))
    const recorder = SnapshotRecorder.of(program, coding)
    const training = train(program, dataset, {
      backend: order.backend,
      seed: spec.seed,
      threads: spec.threads,
      initialWeights: weightsToBegin(order, program, coding, spec.seed),
    })
    try {
      if (snapshot !== null) training.restore(snapshot)
      const end = await runStretch(training, { ...order, plannedEpochs }, lastEpoch, recorder)
      if (end === 'reached') {
        snapshot = training.snapshot()
        continue
      }
      if (end === 'stopped') return send({ type: 'stopped' })
      if (end === 'diverged') return send({ type: 'diverged', epoch: training.epoch })
      const { network, layers, parameters } = program
      const weights = training.weights()
      const { backend, stop } = order
      const evaluation =
        choice === null
          ? evaluate({ network, weights, loss: spec.loss, dataset, coding, backend, stop })
          : evaluateFolds(choice.answers, spec, data, stop)
      if (evaluation === null) return send({ type: 'stopped' })
      return send({
        type: 'trained',
        model: {
          layers,
          coding,
          parameters,
          weights: packWeights(weights),
          evaluation,
          bestEpoch: training.bestEpoch,
        },
      })
    } finally {
      training.dispose()
    }
  }
}

/** Runs slice by slice, reporting progress. `reached`: the last epoch of the stretch is done, the training is not. */
async function runStretch(
  training: Training,
  {
    stop,
    checkpointMilliseconds,
    backend,
    plannedEpochs,
  }: Omit<TrainingOrder, 'plannedEpochs'> & Pick<Progress, 'plannedEpochs'>,
  lastEpoch: number | null,
  recorder: SnapshotRecorder | null,
): Promise<'reached' | 'stopped' | 'diverged' | 'trained'> {
  const detail = describeBackend(training, backend)
  let milliseconds = firstSliceMilliseconds
  let checkpointAt = performance.now() + checkpointMilliseconds
  /** Trained since the last report: waiting for the database and packing a checkpoint are no training. */
  let seconds = 0
  for (;;) {
    const maximumEpochs = lastEpoch === null ? undefined : lastEpoch - training.epoch
    const limits = { milliseconds, stop, maximumEpochs }
    const begin = performance.now()
    const { epochs, state, snapshots } = recorder?.run(training, limits) ?? {
      ...training.run(limits),
      snapshots: [],
    }
    seconds += (performance.now() - begin) / 1_000
    const progress = { epochs, snapshots, seconds, plannedEpochs }
    milliseconds = sliceMilliseconds
    switch (state) {
      case 'running': {
        const due = performance.now() >= checkpointAt
        if (await report(training, detail, progress, due ? training.snapshot() : null)) seconds = 0
        if (due) checkpointAt = performance.now() + checkpointMilliseconds
        if (training.epoch === lastEpoch) return 'reached'
        break
      }
      case 'stopped':
        await report(training, detail, progress, training.snapshot())
        return 'stopped'
      case 'diverged':
        // The last good checkpoint stays.
        await report(training, detail, progress, null)
        return 'diverged'
      case 'finished':
      case 'earlyStopped':
        await report(training, detail, progress, training.snapshot())
        return 'trained'
      default:
        state satisfies never
    }
  }
}

/** The variant that runs, and why no faster backend does. */
function describeBackend({ backendDetail }: Training, setting: BackendSetting): string | null {
  const reasons = explainBackend(setting).passedOver.map(({ name, reason }) => `not ${name}: ${reason}`)
  const parts = [...(backendDetail === null ? [] : [backendDetail]), ...reasons]
  return parts.length === 0 ? null : parts.join('; ')
}

/** False when there was nothing to report. */
async function report(
  training: Training,
  detail: string | null,
  progress: Pick<Progress, 'epochs' | 'snapshots' | 'seconds' | 'plannedEpochs'>,
  snapshot: Snapshot | null,
): Promise<boolean> {
  if (countOf(progress.epochs) === 0 && snapshot === null) return false
  const { backend, backendDetail } = training
  const variant = backendDetail === null ? backend : `${backend}/${backendDetail}`
  const checkpoint = snapshot === null ? null : packSnapshot(snapshot, variant)
  send({ type: 'progress', ...progress, backend, backendDetail: detail, checkpoint })
  unstored++
  while (unstored >= maximumUnstored) {
    await new Promise<void>((resolve) => {
      resume = resolve
    })
  }
  return true
}

function send(message: FromTrainer): void {
  port.postMessage(message)
}
