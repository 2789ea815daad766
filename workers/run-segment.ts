/** Runs a training slice by slice, and reports what it did. */
import { epochCount, explainBackend, type Snapshot, type Training } from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'
import type { Progress } from '../src/training/ports/runs.js'
import type { TrainingOrder, WholeTraining } from './messages.js'
import { offerSnapshot } from './packed-snapshot.js'
import type { SnapshotRecorder } from './snapshot-recorder.js'
import type { ThreadPriority } from './thread-priority.js'
import type { TrainerReport } from './trainer-report.js'

/** The first slice is short, so that watchers see the first epochs at once; small trainings end within it. */
const firstSliceMilliseconds = 5
/** Of a training that came together with others: they are small, and reported whole if they end within it. */
const smallSliceMilliseconds = 25
const sliceMilliseconds = 50
/** A training spends at most so much of its time waiting for checkpoints. */
const checkpointShare = 0.1

export type SegmentEnd =
  /** The last epoch of the segment is done, the training is not. */
  | { type: 'reached' }
  | { type: 'stopped' }
  | { type: 'diverged'; epoch: number }
  /**
   * `unreported`: the whole of it, when nothing was reported before. `handBack` reports what is left, with a checkpoint, when
   * there is to be no model after all.
   */
  | { type: 'trained'; unreported: WholeTraining['progress'] | null; handBack(): Promise<void> }

interface SegmentOptions extends Pick<TrainingOrder, 'stop' | 'checkpointMilliseconds' | 'backend'> {
  plannedEpochs: number | undefined
  lastEpoch: number | null
  recorder: SnapshotRecorder | null
  report: TrainerReport
  priority: Pick<ThreadPriority, 'continue'>
}

export async function runSegment(training: Training, options: SegmentOptions): Promise<SegmentEnd> {
  const { stop, checkpointMilliseconds, lastEpoch, recorder, report, plannedEpochs, priority } = options
  const backend = describeBackend(training, options.backend)
  const isFresh = training.epoch === 0
  let isReported = !isFresh
  let milliseconds = report.orders > 1 ? smallSliceMilliseconds : firstSliceMilliseconds
  let checkpointAt = performance.now() + checkpointMilliseconds
  /** Trained since the last report: waiting for the database and packing a checkpoint are no training. */
  let seconds = 0

  /** Without epochs and a checkpoint there is nothing to report. */
  async function tell(progress: Omit<Progress, 'checkpoint'>, snapshot: Snapshot | null): Promise<void> {
    if (epochCount(progress.epochs) === 0 && snapshot === null) return
    const checkpoint = snapshot === null ? null : offerSnapshot(snapshot, variantName(training))
    await report.progress({ ...progress, checkpoint })
    isReported = true
    seconds = 0
  }

  for (;;) {
    const maximumEpochs = lastEpoch === null ? undefined : lastEpoch - training.epoch
    const limits = { milliseconds, stop, maximumEpochs }
    const begin = performance.now()
    const { epochs, state, snapshots } = recorder?.run(training, limits) ?? {
      ...training.run(limits),
      snapshots: null,
    }
    seconds += (performance.now() - begin) / 1_000
    const progress = { epochs, snapshots, seconds, plannedEpochs, ...backend }
    milliseconds = sliceMilliseconds
    priority.continue()
    switch (state) {
      case 'running': {
        const due = performance.now() >= checkpointAt
        const told = performance.now()
        await tell(progress, due ? training.snapshotView() : null)
        if (due) {
          const now = performance.now()
          checkpointAt = now + Math.max(checkpointMilliseconds, (now - told) / checkpointShare)
        }
        if (training.epoch === lastEpoch) return { type: 'reached' }
        break
      }
      case 'stopped':
        await tell(progress, training.snapshotView())
        return { type: 'stopped' }
      case 'diverged':
        // The last good checkpoint stays.
        await tell(progress, null)
        return { type: 'diverged', epoch: training.epoch }
      case 'finished':
      case 'earlyStopped': {
        const unreported = isReported ? null : copied(progress)
        if (isReported) await tell(progress, null)
        const rest = unreported ?? { ...progress, epochs: noEpochs(training), snapshots: null, seconds: 0 }
        return { type: 'trained', unreported, handBack: () => tell(rest, training.snapshotView()) }
      }
      default:
        state satisfies never
    }
  }
}

const noEpochs = ({ epoch }: Training) => ({ firstEpoch: epoch + 1, metrics: new Float64Array(0) })

/** The next training writes over the numbers. */
function copied<T extends Pick<Progress, 'epochs'>>(progress: T): T {
  const { epochs } = progress
  return { ...progress, epochs: { ...epochs, metrics: epochs.metrics.slice() } }
}

/** The backend, its variant, and why no faster backend does. */
function describeBackend(
  { backend, backendDetail }: Training,
  setting: BackendSetting,
): Pick<Progress, 'backend' | 'backendDetail'> {
  const reasons = explainBackend(setting).passedOver.map(({ name, reason }) => `not ${name}: ${reason}`)
  const parts = [...(backendDetail === null ? [] : [backendDetail]), ...reasons]
  return { backend, backendDetail: parts.length === 0 ? null : parts.join('; ') }
}

const variantName = ({ backend, backendDetail }: Training) =>
  backendDetail === null ? backend : `${backend}/${backendDetail}`
