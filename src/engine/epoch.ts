/** What epochs measured: packed, because small networks finish millions of them a second, and one by one for readers. */

/** float64 numbers of an epoch: loss, accuracy, valLoss, valAccuracy; NaN where there is none. */
export const metricsPerEpoch = 4

/** Consecutive epochs. An infinite loss: the loss or the weights were not finite, and training ended there. */
export interface EpochRun {
  /** Number of the first, counted from 1; of the next one where there is none. */
  readonly firstEpoch: number
  /** Epochs × metricsPerEpoch. */
  readonly metrics: Float64Array
}

export interface Epoch {
  /** Counted from 1. */
  epoch: number
  /** Mean over the epoch's rows as seen while training; null when not finite. */
  loss: number | null
  /** Share of right answers, as seen while training; null when the task is no classification. */
  accuracy: number | null
  /** Over the validation rows after the epoch, in inference mode; null without such rows. */
  valLoss: number | null
  valAccuracy: number | null
  /** The loss or the weights were not finite: training ended here. */
  diverged?: true
}

export function countOf({ metrics }: EpochRun): number {
  return metrics.length / metricsPerEpoch
}

/** Those behind epoch `after`; the numbers are not copied. */
export function epochsBehind({ firstEpoch, metrics }: EpochRun, after: number): EpochRun {
  const skipped = Math.max(0, after + 1 - firstEpoch)
  return { firstEpoch: firstEpoch + skipped, metrics: metrics.subarray(skipped * metricsPerEpoch) }
}

/** Runs that follow one another, as one; there must be one at least. */
export function joinEpochs(runs: readonly EpochRun[]): EpochRun {
  const metrics = new Float64Array(runs.reduce((sum, run) => sum + run.metrics.length, 0))
  let place = 0
  for (const run of runs) {
    metrics.set(run.metrics, place)
    place += run.metrics.length
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
