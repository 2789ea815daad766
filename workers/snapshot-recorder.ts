/**
 * Takes snapshots of the weights after epochs, so that the boundary of a training can be drawn: some for good, at increasing
 * distances, and between them one every 100 ms for watchers.
 */
import { maximumFrameParameters } from '../src/contract/boundary.js'
import type { Coding } from '../src/contract/dataset.js'
import {
  type EpochRun,
  epochCount,
  joinEpochs,
  type Program,
  type SliceLimits,
  type Training,
  type TrainingState,
} from '../src/engine/index.js'
import type { PackedWeights } from '../src/threads/packed-weights.js'
import { packWeights } from '../src/threads/packed-weights.js'
import type { Progress } from '../src/training/ports/runs.js'
import type { WeightSnapshots } from '../src/training/ports/snapshots.js'

/** Maximum number of columns that a boundary is drawn over. */
const maximumFeatures = 2
/** Snapshots for each doubling of the epoch: 50 in 1,000 epochs. A training of few epochs has fewer. */
const ratios = { long: 2 ** (1 / 6), short: 2 ** (1 / 2) }
const fewEpochs = 200
const betweenMilliseconds = 100

type Watched = Pick<Training, 'epoch' | 'step' | 'weights'> & {
  run(limits: Omit<SliceLimits, 'maximumSteps'>): { epochs: EpochRun; state: TrainingState }
}

interface Taken {
  epoch: number
  kept: boolean
  weights: PackedWeights
}

export class SnapshotRecorder {
  private dueAt = 0
  private lastEpoch = -1
  /** Taken since the last slice that ended an epoch. Snapshots are stored with epochs. */
  private waiting: Taken[] = []

  private constructor(
    private readonly coding: Coding,
    private readonly ratio: number,
  ) {}

  /** Null for a network without a boundary. */
  static of(program: Program, coding: Coding): SnapshotRecorder | null {
    const { network, parameters } = program
    const { features } = coding
    const isNumeric = features.every(({ type }) => type === 'number')
    const drawable = network.inputShape?.length === 1 && features.length <= maximumFeatures && isNumeric
    if (!drawable || parameters > maximumFrameParameters) return null
    return new SnapshotRecorder(coding, program.spec.epochs <= fewEpochs ? ratios.short : ratios.long)
  }

  /** Runs the training as `training.run` does, and takes snapshots meanwhile. */
  run(
    training: Watched,
    limits: Omit<SliceLimits, 'maximumSteps'> & { milliseconds: number },
  ): Pick<Progress, 'epochs' | 'snapshots'> & { state: TrainingState } {
    const end = performance.now() + limits.milliseconds
    let last = training.epoch + (limits.maximumEpochs ?? Number.POSITIVE_INFINITY)
    const parts: Progress['epochs'][] = []
    this.takeIfDue(training)
    for (;;) {
      const milliseconds = Math.max(0, end - performance.now())
      const next = performance.now() < this.dueAt ? nextKept(training.epoch, this.ratio) : training.epoch + 1
      const maximumEpochs = Math.min(last, next) - training.epoch
      const { epochs, state } = training.run({ ...limits, milliseconds, maximumEpochs })
      // The next run overwrites the values.
      parts.push({ ...epochs, metrics: epochs.metrics.slice() })
      if (state !== 'diverged') this.takeIfDue(training)
      // A training that has ended needs no further run.
      if (state !== 'running') last = training.epoch
      if (training.epoch >= last || performance.now() >= end) {
        const all = joinEpochs(parts)
        return { epochs: all, state, snapshots: epochCount(all) === 0 ? null : this.packWaiting() }
      }
    }
  }

  private packWaiting(): WeightSnapshots | null {
    if (this.waiting.length === 0) return null
    const taken = this.waiting
    this.waiting = []
    return {
      coding: this.coding,
      tensors: taken[0].weights.tensors,
      taken: taken.map(({ epoch, kept, weights: { bytes } }) => ({ epoch, kept, bytes })),
    }
  }

  private takeIfDue(training: Watched): void {
    const { epoch, step } = training
    // A resumed training may be within an epoch.
    if (step > 0 || epoch === this.lastEpoch) return
    const kept = epoch === 0 || epoch === nextKept(epoch - 1, this.ratio)
    const now = performance.now()
    if (!kept && now < this.dueAt) return
    this.lastEpoch = epoch
    this.dueAt = now + betweenMilliseconds
    this.waiting.push({ epoch, kept, weights: packWeights(training.weights()) })
  }
}

/** The next epoch whose snapshot is kept for good. */
function nextKept(epoch: number, ratio: number): number {
  const index = Math.floor(Math.log(Math.max(1, epoch)) / Math.log(ratio))
  for (let next = index; ; next++) {
    const candidate = Math.ceil(ratio ** next - 1e-9)
    if (candidate > epoch) return candidate
  }
}
