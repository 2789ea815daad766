/** Learning rates per epoch, computed in float64 on the host, so that every backend uses the same rates. */
import type { Schedule } from '../contract/network.js'

/**
 * The learning rate of one epoch, counted from 0. With W warm-up epochs, epoch e < W has rate · (e + 1)/(W + 1). After
 * the warm-up, with k = e − W and E epochs in total:
 * - constant: rate
 * - step: rate · factor^⌊k / stepEpochs⌋
 * - exponential: rate · factor^k
 * - cosine: rate · (finalFactor + (1 − finalFactor) · ½(1 + cos(π k / (E − W − 1)))), so that the last epoch has
 *   rate · finalFactor (Loshchilov & Hutter 2017, without restarts)
 */
export function learningRateAt(rate: number, schedule: Schedule, epoch: number, epochs: number): number {
  const { warmupEpochs } = schedule
  if (epoch < warmupEpochs) return (rate * (epoch + 1)) / (warmupEpochs + 1)
  const since = epoch - warmupEpochs
  switch (schedule.type) {
    case 'constant':
      return rate
    case 'step':
      return rate * schedule.factor ** Math.floor(since / schedule.stepEpochs)
    case 'exponential':
      return rate * schedule.factor ** since
    case 'cosine': {
      const last = Math.max(1, epochs - warmupEpochs - 1)
      const wave = (1 + Math.cos((Math.PI * since) / last)) / 2
      return rate * (schedule.finalFactor + (1 - schedule.finalFactor) * wave)
    }
    default:
      return schedule satisfies never
  }
}

interface PlannedRates {
  epochs: number
  schedule?: Schedule | undefined
}

const constant = { type: 'constant', warmupEpochs: 0 } as const satisfies Schedule

/** The epochs before the first one whose rate depends on more than the warm-up; infinite for a constant rate. */
export function epochsBeforeDecay(schedule: Schedule = constant): number {
  const { warmupEpochs } = schedule
  switch (schedule.type) {
    case 'constant':
      return Number.POSITIVE_INFINITY
    case 'step':
      return warmupEpochs + schedule.stepEpochs
    case 'exponential':
    case 'cosine':
      return warmupEpochs
    default:
      return schedule satisfies never
  }
}

/**
 * A number of first epochs in which two trainings with the same base rate have the same rates, bit by bit. Schedules of
 * different shapes may agree in an epoch more.
 */
export function sharedEpochs(one: PlannedRates, other: PlannedRates): number {
  const [first, second] = [one.schedule ?? constant, other.schedule ?? constant]
  const shortest = Math.min(one.epochs, other.epochs)
  if (first.warmupEpochs !== second.warmupEpochs) return 0
  const isSame = JSON.stringify(first) === JSON.stringify(second)
  if (isSame && (first.type !== 'cosine' || one.epochs === other.epochs)) return shortest
  return Math.min(shortest, epochsBeforeDecay(first), epochsBeforeDecay(second))
}
