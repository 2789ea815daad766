/**
 * Takes a network's weights while it is trained, so that its boundary can be drawn then and later: after epochs that
 * lie ever further apart for good, and in between every 100 ms for whoever watches.
 */
import type { Coding } from '../src/contract/dataset.js'
import {
  joinEpochs,
  type Program,
  type SliceLimits,
  type Training,
  type TrainingState,
} from '../src/engine/index.js'
import type { Progress, WeightSnapshot } from '../src/training/ports.js'
import { packWeights } from './packed-weights.js'

/** A boundary is drawn over the plane at most. */
const maximumFeatures = 2
/** 32 KiB a snapshot: however long it trains, a job keeps less than 5 MiB of them. */
const maximumParameters = 8_192
/** Six to a doubling: 50 in 1,000 epochs. */
const ratio = 2 ** (1 / 6)
const betweenMilliseconds = 100

export class SnapshotRecorder {
  private dueAt = 0
  private lastEpoch = -1

  private constructor(private readonly coding: Coding) {}

  /** Null for networks whose boundary is not drawn. */
  static of({ network, parameters }: Program, coding: Coding): SnapshotRecorder | null {
    const [inputs] = network.inputShape ?? []
    const isNumeric = coding.features.every(({ type }) => type === 'number')
    const drawable = network.inputShape?.length === 1 && inputs <= maximumFeatures && isNumeric
    return drawable && parameters <= maximumParameters ? new SnapshotRecorder(coding) : null
  }

  /** What `training.run` does within the same limits, and the snapshots taken on the way. */
  run(
    training: Training,
    limits: SliceLimits & { milliseconds: number },
  ): Pick<Progress, 'epochs' | 'snapshots'> & { state: TrainingState } {
    const end = performance.now() + limits.milliseconds
    let last = training.epoch + (limits.maximumEpochs ?? Number.POSITIVE_INFINITY)
    const parts: Progress['epochs'][] = []
    const snapshots = this.takeIfDue(training)
    for (;;) {
      const milliseconds = Math.max(0, end - performance.now())
      const maximumEpochs = Math.min(last, nextKept(training.epoch)) - training.epoch
      const { epochs, state } = training.run({ ...limits, milliseconds, maximumEpochs })
      // The next run writes over the numbers.
      parts.push({ ...epochs, metrics: epochs.metrics.slice() })
      if (state !== 'diverged') snapshots.push(...this.takeIfDue(training))
      // An end that comes by its own leaves nothing to wait for.
      if (state !== 'running') last = training.epoch
      if (training.epoch >= last || performance.now() >= end)
        return { epochs: joinEpochs(parts), state, snapshots }
    }
  }

  private takeIfDue(training: Training): WeightSnapshot[] {
    const { epoch } = training
    const kept = epoch === 0 || epoch === nextKept(epoch - 1)
    const now = performance.now()
    if (epoch === this.lastEpoch || (!kept && now < this.dueAt)) return []
    this.lastEpoch = epoch
    this.dueAt = now + betweenMilliseconds
    return [{ epoch, kept, coding: this.coding, ...packWeights(training.weights()) }]
  }
}

/** The first epoch behind this one whose weights are kept. */
function nextKept(epoch: number): number {
  const place = Math.floor(Math.log(Math.max(1, epoch)) / Math.log(ratio))
  for (let next = place; ; next++) {
    const candidate = Math.ceil(ratio ** next - 1e-9)
    if (candidate > epoch) return candidate
  }
}
