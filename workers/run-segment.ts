/** Runs one segment of a training in slices, and reports its progress. */
import { epochCount, explainBackend, type Snapshot, type Training } from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'
import type { Progress } from '../src/training/ports/runs.js'
import { isLarge } from './export-arrays.js'
import type { TrainingOrder, WholeTraining } from './messages.js'
import { offerSnapshot } from './packed-snapshot.js'
import type { SnapshotRecorder } from './snapshot-recorder.js'
import type { ThreadPriority } from './thread-priority.js'
import type { TrainerReport } from './trainer-report.js'

/**
 * Milliseconds. The first slice is short, so that watchers see the first epochs soon. Small trainings end within it.
 */
const firstSliceMilliseconds = 5
/** Milliseconds for a training of a batch. It is small, and reported complete if it ends within this slice. */
const smallSliceMilliseconds = 25
const sliceMilliseconds = 50
/** Maximum share of the time that a training spends on checkpoints. */
const checkpointShare = 0.1

export type SegmentEnd =
  /** The segment has ended, but the training has not. */
  | { type: 'reached' }
  | { type: 'stopped' }
  | { type: 'paused' }
  | { type: 'diverged'; epoch: number }
  /**
   * `unreported`: all progress, if nothing was reported before. `handBack` reports the remaining progress with a
   * checkpoint, if the training is to stop without a model.
   */
  | { type: 'trained'; unreported: WholeTraining['progress'] | null; handBack(): Promise<void> }

interface SegmentOptions
  extends Pick<TrainingOrder, 'stop' | 'checkpointMilliseconds' | 'backend' | 'pauseAfter' | 'sharedEpoch'> {
  plannedEpochs: number | undefined
  lastEpoch: number | null
  /** Whether the training ends with the segment. */
  isLast: boolean
  recorder: SnapshotRecorder | null
  /** Whether to take statistics of the layers. */
  isWatched: boolean
  report: TrainerReport
  priority: Pick<ThreadPriority, 'continue'>
}

export async function runSegment(training: Training, options: SegmentOptions): Promise<SegmentEnd> {
  const { stop, checkpointMilliseconds, lastEpoch, isLast, recorder, report, plannedEpochs, priority } =
    options
  const backend = describeBackend(training, options.backend)
  const isFresh = training.epoch === 0
  // The worker before stored these epochs with a checkpoint, and died before it paused the job.
  if (training.epoch > 0 && options.pauseAfter === training.epoch) return { type: 'paused' }
  const pauseAfter = (options.pauseAfter ?? 0) > training.epoch ? options.pauseAfter : null
  const stops = [lastEpoch, pauseAfter, options.sharedEpoch].filter((epoch) => epoch !== null)
  const observed = options.isWatched ? training.observed() : null
  const runner = observed ?? training
  let isReported = !isFresh
  /** Reported before the first epoch, which may take long. */
  let isBegun = false
  let milliseconds = report.orders > 1 ? smallSliceMilliseconds : firstSliceMilliseconds
  const begunAt = performance.now()
  let checkpointAt = begunAt + checkpointMilliseconds
  /** Seconds of training since the last report, without those for the database and for checkpoints. */
  let seconds = 0

  /** Without epochs and a checkpoint, there is nothing to report. */
  async function reportProgress(
    progress: Omit<Progress, 'checkpoint'>,
    snapshot: Snapshot | null,
    isShared = false,
  ): Promise<void> {
    if (epochCount(progress.epochs) === 0 && snapshot === null) return
    const checkpoint =
      snapshot === null ? null : { ...offerSnapshot(snapshot, variantName(training)), isShared }
    await report.progress({ ...progress, checkpoint })
    isReported = true
    seconds = 0
  }

  for (;;) {
    const next = stops.filter((epoch) => epoch > training.epoch)
    const maximumEpochs = next.length === 0 ? undefined : Math.min(...next) - training.epoch
    const limits = { milliseconds, stop, maximumEpochs }
    const begin = performance.now()
    const { epochs, state, snapshots } = recorder?.run(runner, limits) ?? {
      ...runner.run(limits),
      snapshots: null,
    }
    const statistics = observed?.takeStatistics()
    seconds += (performance.now() - begin) / 1_000
    const progress = { epochs, snapshots, statistics, seconds, plannedEpochs, ...backend }
    milliseconds = sliceMilliseconds
    priority.continue()
    switch (state) {
      case 'running': {
        if (!isBegun && report.orders === 1) {
          isBegun = true
          report.begun()
        }
        const isPause = training.epoch === pauseAfter
        const isShared =
          training.epoch === options.sharedEpoch &&
          training.step === 0 &&
          performance.now() - begunAt >= checkpointMilliseconds
        const due = isPause || isShared || performance.now() >= checkpointAt
        const reportedAt = performance.now()
        await reportProgress(progress, due ? training.snapshotView() : null, isShared)
        if (due) {
          const now = performance.now()
          checkpointAt = now + Math.max(checkpointMilliseconds, (now - reportedAt) / checkpointShare)
        }
        if (isPause) return { type: 'paused' }
        if (training.epoch === lastEpoch) {
          if (!isLast) return { type: 'reached' }
          if (!hasFiniteWeights(training)) return { type: 'diverged', epoch: training.epoch }
          const rest = { ...progress, epochs: noEpochs(training), snapshots: null, seconds: 0 }
          return {
            type: 'trained',
            unreported: null,
            handBack: () => reportProgress(rest, training.snapshotView()),
          }
        }
        break
      }
      case 'stopped':
        await reportProgress(progress, training.snapshotView())
        return { type: 'stopped' }
      case 'diverged':
        // The previous checkpoint remains.
        await reportProgress(progress, null)
        return { type: 'diverged', epoch: training.epoch }
      case 'finished':
      case 'earlyStopped': {
        const unreported = isReported ? null : copied(progress)
        if (isReported) {
          const isLong = performance.now() - begunAt >= checkpointMilliseconds
          await reportProgress(progress, isLong && state === 'finished' ? extendable(training) : null)
        }
        const rest = unreported ?? {
          ...progress,
          epochs: noEpochs(training),
          snapshots: null,
          statistics: undefined,
          seconds: 0,
        }
        return { type: 'trained', unreported, handBack: () => reportProgress(rest, training.snapshotView()) }
      }
      default:
        state satisfies never
    }
  }
}

/**
 * The state after the last epoch, from which a fork can train further epochs. Null if the best weights were restored, or if it
 * is large.
 */
function extendable(training: Training): Snapshot | null {
  const snapshot = training.snapshotView()
  const bytes = Object.values(snapshot.state).reduce((sum, { byteLength }) => sum + byteLength, 0)
  return training.bestEpoch !== null || isLarge(bytes) ? null : { ...snapshot, ended: null }
}

const hasFiniteWeights = (training: Training) =>
  [...training.weightViews().values()].every(({ values }) => values.every(Number.isFinite))

const noEpochs = ({ epoch }: Training) => ({ firstEpoch: epoch + 1, metrics: new Float64Array(0) })

/** Copies the values, because the next slice overwrites them. */
function copied<T extends Pick<Progress, 'epochs'>>(progress: T): T {
  const { epochs } = progress
  return { ...progress, epochs: { ...epochs, metrics: epochs.metrics.slice() } }
}

/** Describes the backend, its variant, and why no faster backend is used. */
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
