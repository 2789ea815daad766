/**
 * Takes snapshots of the weights during a training, so that its boundary can be drawn: some for good, after epochs at
 * increasing distances, and between them one every 100 ms for watchers.
 */
import { maximumFrameParameters } from '../src/contract/boundary.js'
import type { Coding } from '../src/contract/dataset.js'
import {
  type EpochRun,
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

/** Maximum number of inputs of a boundary. */
const maximumFeatures = 2
/** Snapshots for each doubling of the epoch: 50 in 1,000 epochs. A training of few epochs has fewer. */
const ratios = { long: 2 ** (1 / 6), short: 2 ** (1 / 2) }
const fewEpochs = 200
const betweenMilliseconds = 100

type Watched = Pick<Training, 'epoch' | 'weights'> & {
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

  private constructor(
    private readonly coding: Coding,
    private readonly ratio: number,
  ) {}

  /** Null for a network without a boundary. */
  static of(program: Program, coding: Coding): SnapshotRecorder | null {
    const { network, parameters } = program
    const [inputs] = network.inputShape ?? []
    const isNumeric = coding.features.every(({ type }) => type === 'number')
    const drawable = network.inputShape?.length === 1 && inputs <= maximumFeatures && isNumeric
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
    const taken = this.takeIfDue(training)
    for (;;) {
      const milliseconds = Math.max(0, end - performance.now())
      const maximumEpochs = Math.min(last, nextKept(training.epoch, this.ratio)) - training.epoch
      const { epochs, state } = training.run({ ...limits, milliseconds, maximumEpochs })
      // The next run overwrites the values.
      parts.push({ ...epochs, metrics: epochs.metrics.slice() })
      if (state !== 'diverged') taken.push(...this.takeIfDue(training))
      // A training that has ended needs no further run.
      if (state !== 'running') last = training.epoch
      if (training.epoch >= last || performance.now() >= end)
        return { epochs: joinEpochs(parts), state, snapshots: this.packSnapshots(taken) }
    }
  }

  private packSnapshots(taken: readonly Taken[]): WeightSnapshots | null {
    if (taken.length === 0) return null
    return {
      coding: this.coding,
      tensors: taken[0].weights.tensors,
      taken: taken.map(({ epoch, kept, weights: { bytes } }) => ({ epoch, kept, bytes })),
    }
  }

  private takeIfDue(training: Watched): Taken[] {
    const { epoch } = training
    const kept = epoch === 0 || epoch === nextKept(epoch - 1, this.ratio)
    const now = performance.now()
    if (epoch === this.lastEpoch || (!kept && now < this.dueAt)) return []
    this.lastEpoch = epoch
    this.dueAt = now + betweenMilliseconds
    return [{ epoch, kept, weights: packWeights(training.weights()) }]
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
