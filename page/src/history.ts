/** The epochs of a run, column by column, growing as they arrive. */
import type { Epoch } from './api/types.js'

export type Metric = 'loss' | 'accuracy' | 'valLoss' | 'valAccuracy'
export const metrics: readonly Metric[] = ['loss', 'accuracy', 'valLoss', 'valAccuracy']

export const metricNames: Record<Metric, string> = {
  loss: 'Loss (training)',
  accuracy: 'Accuracy (training)',
  valLoss: 'Loss (validation)',
  valAccuracy: 'Accuracy (validation)',
}

/** Between 0 and 1, and told in percent. */
export const isShare = (metric: Metric) => metric === 'accuracy' || metric === 'valAccuracy'

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

  /** Whether this metric was measured in any epoch: one is as good as all. */
  has(metric: Metric): boolean {
    const column = this.columns[metric]
    return column.length > 0 && (column[0] !== null || column[column.length - 1] !== null)
  }

  toCsv(): string {
    const rows = this.epochs.map((epoch, place) =>
      [epoch, ...metrics.map((metric) => this.columns[metric][place] ?? ''), this.seconds[place] ?? ''].join(
        ',',
      ),
    )
    return `${['epoch', ...metrics, 'seconds'].join(',')}\n${rows.join('\n')}\n`
  }
}

/** Exponential moving average, its start corrected for the missing past; `weight` is the share of the past, 0 for none. */
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

/** Places worth drawing where there are more points than a screen has columns: of each bucket the least and the greatest, and the place `always`. */
export function thinnedPlaces(
  columns: readonly (readonly (number | null)[])[],
  most: number,
  always = -1,
): number[] | null {
  const length = columns[0]?.length ?? 0
  if (length <= most) return null
  const buckets = Math.floor(most / (2 * columns.length))
  const chosen = new Set(always < 0 ? [0, length - 1] : [0, always, length - 1])
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * length) / buckets)
    const to = Math.floor(((bucket + 1) * length) / buckets)
    for (const column of columns) {
      let [least, greatest] = [from, from]
      for (let place = from; place < to; place++) {
        const value = column[place]
        if (value === null) continue
        if (value < (column[least] ?? Number.POSITIVE_INFINITY)) least = place
        if (value > (column[greatest] ?? Number.NEGATIVE_INFINITY)) greatest = place
      }
      chosen.add(least).add(greatest)
    }
  }
  return [...chosen].sort((a, b) => a - b)
}
