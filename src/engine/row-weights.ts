/** Weights of rows as the validation of a training takes them. */
import type { Loss } from '../contract/network.js'
import { type Dataset, targetStride } from './dataset.js'
import { lossRules } from './losses.js'

/**
 * Gives the weights of the validation rows a mean of 1 where the loss divides by their sum (DataShape), in place.
 * Weights that are all 0 stay so.
 */
export function normalizeWeights({ size, validationY: y }: Dataset, loss: Loss): void {
  if (!size.weighted || lossRules[loss].weighting !== 'sum') return
  const stride = targetStride(size)
  let sum = 0
  for (let at = size.targetWidth; at < y.length; at += stride) sum += y[at] ?? 0
  if (sum === 0) return
  const mean = sum / size.validationRows
  for (let at = size.targetWidth; at < y.length; at += stride) y[at] = (y[at] ?? 0) / mean
}
