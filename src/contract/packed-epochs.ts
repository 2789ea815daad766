/**
 * Epochs as arrays of numbers, for bulk storage and transfer. A fast job has too many epochs a second to
 * build an object for each.
 */
import type { Epoch } from './epoch.js'

/** The metrics of an epoch in order: loss, accuracy, valLoss, valAccuracy. */
export const metricsPerEpoch = 4

/** Epochs in order: all that are kept from the first to the last of them. */
export interface PackedEpochs {
  /** They follow this one. */
  readonly after: number
  /** Their numbers, where the history was thinned; null for after + 1, after + 2, … */
  readonly numbers: Int32Array | null
  /** Epochs × metricsPerEpoch: NaN for null, an infinite loss where training diverged. */
  readonly metrics: Float64Array
  /** One per epoch. NaN is null. */
  readonly seconds: Float64Array
}

/** The number of the last epoch; the one before them where there is none. */
export function lastEpoch(epochs: PackedEpochs): number {
  const { after, seconds } = epochs
  return seconds.length === 0 ? after : numberAt(epochs, seconds.length - 1)
}

export function numberAt({ after, numbers }: Pick<PackedEpochs, 'after' | 'numbers'>, index: number): number {
  return numbers === null ? after + 1 + index : numbers[index]
}

type Numbered = Pick<PackedEpochs, 'after' | 'numbers' | 'metrics'>

/** The first epoch that both have, with other bits; null if there is none. */
export function firstDifference(one: Numbered, other: Numbered): number | null {
  const [count, otherCount] = [one, other].map(({ metrics }) => metrics.length / metricsPerEpoch)
  let place = 0
  for (let index = 0; index < count; index++) {
    const epoch = numberAt(one, index)
    while (place < otherCount && numberAt(other, place) < epoch) place++
    if (place === otherCount) return null
    if (numberAt(other, place) === epoch && !hasSameMetrics(one, index, other, place)) return epoch
  }
  return null
}

function hasSameMetrics(one: Numbered, index: number, other: Numbered, place: number): boolean {
  for (let metric = 0; metric < metricsPerEpoch; metric++) {
    const value = one.metrics[index * metricsPerEpoch + metric]
    if (!Object.is(value, other.metrics[place * metricsPerEpoch + metric])) return false
  }
  return true
}

export function unpackEpochs(epochs: PackedEpochs): Epoch[] {
  const { metrics, seconds } = epochs
  return Array.from(seconds, (epochSeconds, index) => {
    const at = index * metricsPerEpoch
    const epoch = {
      epoch: numberAt(epochs, index),
      loss: finiteOrNull(metrics[at]),
      accuracy: finiteOrNull(metrics[at + 1]),
      valLoss: finiteOrNull(metrics[at + 2]),
      valAccuracy: finiteOrNull(metrics[at + 3]),
      seconds: finiteOrNull(epochSeconds),
    }
    return hasDiverged(metrics[at]) ? { ...epoch, diverged: true } : epoch
  })
}

/** The JSON of `unpackEpochs`, without the objects. */
export function epochsAsJson(epochs: PackedEpochs): string {
  return `[${itemsAsJson(epochs, 0, epochs.seconds.length)}]`
}

/** The same JSON in parts of a few epochs. */
export function* epochsAsTexts(epochs: PackedEpochs): Generator<string> {
  const { length } = epochs.seconds
  yield '['
  for (let start = 0; start < length; start += epochsPerText) {
    yield itemsAsJson(epochs, start, Math.min(start + epochsPerText, length))
  }
  yield ']'
}

const epochsPerText = 100

function itemsAsJson(epochs: PackedEpochs, start: number, end: number): string {
  let text = ''
  for (let index = start; index < end; index++) text += itemAsJson(epochs, index)
  return text
}

/** With the comma before it. */
function itemAsJson(epochs: PackedEpochs, index: number): string {
  const { metrics, seconds } = epochs
  const at = index * metricsPerEpoch
  const loss = metrics[at]
  return (
    `${index === 0 ? '' : ','}{"epoch":${numberAt(epochs, index)},"loss":${finiteOrNull(loss)},` +
    `"accuracy":${finiteOrNull(metrics[at + 1])},"valLoss":${finiteOrNull(metrics[at + 2])},` +
    `"valAccuracy":${finiteOrNull(metrics[at + 3])},"seconds":${finiteOrNull(seconds[index])}` +
    (hasDiverged(loss) ? ',"diverged":true}' : '}')
  )
}

const hasDiverged = (loss: number) => loss === Number.POSITIVE_INFINITY

/** JSON has no NaN and no infinity. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
