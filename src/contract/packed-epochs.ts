/**
 * Epochs as arrays of numbers, for bulk storage and transfer. A fast job has too many epochs a second to build an
 * object for each.
 */
import type { Epoch } from './epoch.js'

/** The metrics of an epoch in order: loss, accuracy, valLoss, valAccuracy. */
export const metricsPerEpoch = 4

/** Epochs firstEpoch, firstEpoch + 1, … */
export interface PackedEpochs {
  readonly firstEpoch: number
  /** [epochs, metricsPerEpoch]. NaN is null. An infinite loss means that training diverged. */
  readonly metrics: Float64Array
  /** One per epoch. NaN is null. */
  readonly seconds: Float64Array
}

/** The number of the last epoch, or firstEpoch − 1 when empty. */
export function lastEpoch({ firstEpoch, seconds }: PackedEpochs): number {
  return firstEpoch + seconds.length - 1
}

export function unpackEpochs({ firstEpoch, metrics, seconds }: PackedEpochs): Epoch[] {
  return Array.from(seconds, (epochSeconds, index) => {
    const at = index * metricsPerEpoch
    const epoch = {
      epoch: firstEpoch + index,
      loss: finiteOrNull(metrics[at]),
      accuracy: finiteOrNull(metrics[at + 1]),
      valLoss: finiteOrNull(metrics[at + 2]),
      valAccuracy: finiteOrNull(metrics[at + 3]),
      seconds: finiteOrNull(epochSeconds),
    }
    return hasDiverged(metrics[at]) ? { ...epoch, diverged: true } : epoch
  })
}

/** The JSON of `unpackEpochs`, built without its objects. */
export function epochsAsJson({ firstEpoch, metrics, seconds }: PackedEpochs): string {
  let text = '['
  for (let index = 0; index < seconds.length; index++) {
    const at = index * metricsPerEpoch
    const loss = metrics[at]
    text +=
      `${index === 0 ? '' : ','}{"epoch":${firstEpoch + index},"loss":${finiteOrNull(loss)},` +
      `"accuracy":${finiteOrNull(metrics[at + 1])},"valLoss":${finiteOrNull(metrics[at + 2])},` +
      `"valAccuracy":${finiteOrNull(metrics[at + 3])},"seconds":${finiteOrNull(seconds[index])}` +
      (hasDiverged(loss) ? ',"diverged":true}' : '}')
  }
  return `${text}]`
}

const hasDiverged = (loss: number) => loss === Number.POSITIVE_INFINITY

/** JSON has no NaN and no infinity. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
