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
