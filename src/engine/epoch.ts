/** Metrics of epochs: packed for speed, since small networks finish millions per second, and as objects for readers. */

/** float64 values per epoch: loss, accuracy, valLoss, valAccuracy; NaN where not measured. */
export const metricsPerEpoch = 4

/** Consecutive epochs. An infinite loss marks divergence: the loss or the weights were not finite, and training ended. */
export interface EpochRun {
  /** Number of the first epoch, counted from 1; of the next epoch when the run is empty. */
  readonly firstEpoch: number
  /** Epochs × metricsPerEpoch. */
  readonly metrics: Float64Array
}

export interface Epoch {
  /** Counted from 1. */
  epoch: number
  /** Mean over the epoch's training steps; null when not finite. */
  loss: number | null
  /** Share of correct predictions over the epoch's training steps; null when the task is not classification. */
  accuracy: number | null
  /** Over the validation rows after the epoch, in inference mode; null without validation rows. */
  valLoss: number | null
  valAccuracy: number | null
  /** The loss or the weights were not finite, and training ended in this epoch. */
  diverged?: true
}

export function epochCount({ metrics }: EpochRun): number {
  return metrics.length / metricsPerEpoch
}

/** The epochs after epoch `after`, as a view without a copy. */
export function epochsAfter({ firstEpoch, metrics }: EpochRun, after: number): EpochRun {
  const skipped = Math.max(0, after + 1 - firstEpoch)
  return { firstEpoch: firstEpoch + skipped, metrics: metrics.subarray(skipped * metricsPerEpoch) }
}

/** Concatenates consecutive runs; there must be at least one. */
export function joinEpochs(runs: readonly EpochRun[]): EpochRun {
  const metrics = new Float64Array(runs.reduce((sum, run) => sum + run.metrics.length, 0))
  let offset = 0
  for (const run of runs) {
    metrics.set(run.metrics, offset)
    offset += run.metrics.length
  }
  return { firstEpoch: runs[0].firstEpoch, metrics }
}

export function readEpochs({ firstEpoch, metrics }: EpochRun): Epoch[] {
  return Array.from({ length: metrics.length / metricsPerEpoch }, (_, index) => {
    const at = index * metricsPerEpoch
    const epoch = {
      epoch: firstEpoch + index,
      loss: finiteOrNull(metrics[at]),
      accuracy: finiteOrNull(metrics[at + 1]),
      valLoss: finiteOrNull(metrics[at + 2]),
      valAccuracy: finiteOrNull(metrics[at + 3]),
    }
    return metrics[at] === Number.POSITIVE_INFINITY ? { ...epoch, diverged: true } : epoch
  })
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
