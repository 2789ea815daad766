/** The epochs of a run, stored by column. */
import type { Epoch } from './api/types.js'

export type Metric = 'loss' | 'accuracy' | 'valLoss' | 'valAccuracy'
export const metrics: readonly Metric[] = ['loss', 'accuracy', 'valLoss', 'valAccuracy']

export const metricNames: Record<Metric, string> = {
  loss: 'Loss (training)',
  accuracy: 'Accuracy (training)',
  valLoss: 'Loss (validation)',
  valAccuracy: 'Accuracy (validation)',
}

/** Whether the metric is from 0 to 1 and shown in percent. */
export const isAccuracy = (metric: Metric) => metric === 'accuracy' || metric === 'valAccuracy'

export class EpochHistory {
  readonly epochs: number[] = []
  readonly seconds: (number | null)[] = []
  readonly columns: Record<Metric, (number | null)[]> = {
    loss: [],
    accuracy: [],
    valLoss: [],
    valAccuracy: [],
  }

  append(epochs: readonly Epoch[]): void {
    for (const epoch of epochs) {
      this.epochs.push(epoch.epoch)
      this.seconds.push(epoch.seconds)
      for (const metric of metrics) this.columns[metric].push(epoch[metric])
    }
  }

  get length(): number {
    return this.epochs.length
  }

  /** Whether this metric was measured. Checks the first and last epoch only. */
  has(metric: Metric): boolean {
    const column = this.columns[metric]
    return column.length > 0 && (column[0] !== null || column[column.length - 1] !== null)
  }

  toCsv(): string {
    const rows = this.epochs.map((epoch, index) =>
      [epoch, ...metrics.map((metric) => this.columns[metric][index] ?? ''), this.seconds[index] ?? ''].join(
        ',',
      ),
    )
    return `${['epoch', ...metrics, 'seconds'].join(',')}\n${rows.join('\n')}\n`
  }
}

/** Bias-corrected exponential moving average. `weight` is the weight of the past, 0 for no smoothing. */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return [...values]
  let [average, past] = [0, 1]
  return values.map((value) => {
    if (value === null) return null
    average = weight * average + (1 - weight) * value
    past *= weight
    return average / (1 - past)
  })
}

/**
 * Indices of at most about `limit` points: the minimum and maximum of each bucket, and the index `always`.
 * Null if no thinning is needed.
 */
export function thinnedIndices(
  columns: readonly (readonly (number | null)[])[],
  limit: number,
  always = -1,
): number[] | null {
  const length = columns[0]?.length ?? 0
  if (length <= limit) return null
  const buckets = Math.floor(limit / (2 * columns.length))
  const chosen = new Set(always < 0 ? [0, length - 1] : [0, always, length - 1])
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * length) / buckets)
    const to = Math.floor(((bucket + 1) * length) / buckets)
    for (const column of columns) {
      let [least, greatest] = [from, from]
      for (let index = from; index < to; index++) {
        const value = column[index]
        if (value === null) continue
        if (value < (column[least] ?? Number.POSITIVE_INFINITY)) least = index
        if (value > (column[greatest] ?? Number.NEGATIVE_INFINITY)) greatest = index
      }
      chosen.add(least).add(greatest)
    }
  }
  return [...chosen].sort((a, b) => a - b)
}
