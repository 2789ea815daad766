/**
 * Epochs as rows of numbers, as they are stored and sent in bulk. Objects are made only where somebody wants them: a job
 * may do a hundred thousand epochs in a second.
 */
import type { Epoch } from './epoch.js'

/** float64 numbers of an epoch: loss, accuracy, valLoss, valAccuracy. */
export const metricsPerEpoch = 4

/** Epochs firstEpoch, firstEpoch + 1, … */
export interface PackedEpochs {
  readonly firstEpoch: number
  /** Epochs × metricsPerEpoch: NaN for null, an infinite loss where training diverged. */
  readonly metrics: Float64Array
  /** Of each epoch; NaN for null. */
  readonly seconds: Float64Array
}

/** The number of the last epoch; one less than the first where there is none. */
export function lastEpoch({ firstEpoch, seconds }: PackedEpochs): number {
  return firstEpoch + seconds.length - 1
}

export function unpackEpochs({ firstEpoch, metrics, seconds }: PackedEpochs): Epoch[] {
  return Array.from(seconds, (each, index) => {
    const at = index * metricsPerEpoch
    const epoch = {
      epoch: firstEpoch + index,
      loss: finiteOrNull(metrics[at]),
      accuracy: finiteOrNull(metrics[at + 1]),
      valLoss: finiteOrNull(metrics[at + 2]),
      valAccuracy: finiteOrNull(metrics[at + 3]),
      seconds: finiteOrNull(each),
    }
    return hasDiverged(metrics[at]) ? { ...epoch, diverged: true } : epoch
  })
}

/** The JSON of `unpackEpochs`, without the objects. */
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

/** JSON has no other numbers. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
