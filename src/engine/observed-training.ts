/** Runs a training as `Training.run` does, and takes statistics after some of its epochs. */
import { type EpochRun, joinEpochs } from './epoch.js'
import type { SliceLimits, TrainingState } from './slice.js'
import type { EpochStatistics, StatisticsProbe } from './statistics.js'
import type { Weights } from './weights.js'

/**
 * The first epochs are all examined, later ones at increasing distances: about 8 for each doubling, 100 in 20,000. The
 * last planned epoch is always examined.
 */
const firstEpochs = 16
const ratio = 2 ** (1 / 8)
/** Maximum share of the training time that statistics take, unless they take less than `freeMilliseconds` in total. */
const share = 0.04
const freeMilliseconds = 10

interface Slice {
  epochs: EpochRun
  state: TrainingState
}

/** A training as `Training` runs it. */
interface Runner {
  readonly epoch: number
  readonly step: number
  readonly stepsPerEpoch: number
  readonly plannedEpochs: number
  readonly bestEpoch: number | null
  run(limits: SliceLimits): Slice
  weights(): Weights
}

export interface ObservationOptions {
  /** Examines each epoch of the schedule, however long it takes. Default false. */
  ignoreTime?: boolean
}

export class ObservedTraining {
  #taken: EpochStatistics[] = []
  #trained = 0
  #spent = 0
  /** The epoch whose statistics are due. */
  #due: number
  #isRemembered = false

  constructor(
    private readonly training: Runner,
    private readonly probe: Pick<StatisticsProbe, 'remember' | 'measure'>,
    private readonly options: ObservationOptions = {},
  ) {
    this.#due = this.#nextDue(training.epoch)
  }

  get epoch(): number {
    return this.training.epoch
  }

  get step(): number {
    return this.training.step
  }

  weights(): Weights {
    return this.training.weights()
  }

  /** The statistics since the last call. */
  takeStatistics(): EpochStatistics[] {
    return this.#taken.splice(0)
  }

  /** The values of the epochs are a copy. Their results are the same as without statistics. */
  run(limits: Omit<SliceLimits, 'maximumSteps'> = {}): Slice {
    const end = performance.now() + (limits.milliseconds ?? Number.POSITIVE_INFINITY)
    const last = this.epoch + (limits.maximumEpochs ?? Number.POSITIVE_INFINITY)
    const parts: EpochRun[] = []
    for (;;) {
      const { epochs, state } = this.#runPart(
        { ...limits, milliseconds: Math.max(0, end - performance.now()) },
        last,
      )
      parts.push({ ...epochs, metrics: epochs.metrics.slice() })
      if (state !== 'running' || this.epoch >= last || performance.now() >= end) {
        return { epochs: joinEpochs(parts), state }
      }
    }
  }

  #runPart(limits: SliceLimits, last: number): Slice {
    const { training } = this
    if (training.epoch >= this.#due) this.#due = this.#nextDue(training.epoch)
    const until = Math.min(last, this.#due - 1)
    if (training.epoch < until) return this.#timed({ ...limits, maximumEpochs: until - training.epoch })
    if (this.#isTooSoon()) {
      this.#due = this.#nextDue(this.#due)
      return this.#runPart(limits, last)
    }
    const stepsBefore = training.stepsPerEpoch - 1 - training.step
    if (stepsBefore > 0) return this.#timed({ ...limits, maximumEpochs: 1, maximumSteps: stepsBefore })
    return this.#runLastStep(limits)
  }

  #runLastStep({ stop }: SliceLimits): Slice {
    const { training } = this
    const begin = performance.now()
    // A stop request may have prevented the step.
    if (!this.#isRemembered) this.probe.remember()
    this.#isRemembered = true
    const remembered = performance.now()
    const end = training.run({ maximumSteps: 1, maximumEpochs: 1, ...(stop === undefined ? {} : { stop }) })
    const trained = performance.now()
    if (training.epoch === this.#due) {
      // Early stopping has restored the weights of another epoch.
      if (end.state !== 'diverged' && training.bestEpoch === null)
        this.#taken.push(this.probe.measure(training.epoch))
      this.#isRemembered = false
    }
    this.#trained += trained - remembered
    this.#spent += performance.now() - trained + remembered - begin
    return end
  }

  #timed(limits: SliceLimits): Slice {
    const begin = performance.now()
    const end = this.training.run(limits)
    this.#trained += performance.now() - begin
    return end
  }

  /** The next scheduled epoch after `epoch`, or the last planned one. */
  #nextDue(epoch: number): number {
    const { plannedEpochs } = this.training
    return epoch < plannedEpochs ? Math.min(nextDue(epoch), plannedEpochs) : nextDue(epoch)
  }

  #isTooSoon(): boolean {
    if (this.options.ignoreTime || this.#due === this.training.plannedEpochs) return false
    return this.#spent > Math.max(freeMilliseconds, share * this.#trained)
  }
}

/** The first scheduled epoch after `epoch`. */
function nextDue(epoch: number): number {
  if (epoch < firstEpochs) return epoch + 1
  for (let power = Math.floor(Math.log(epoch / firstEpochs) / Math.log(ratio)); ; power++) {
    const candidate = Math.ceil(firstEpochs * ratio ** power - 1e-9)
    if (candidate > epoch) return candidate
  }
}
