/** Normalizes the row weights that validation uses. */
import type { Loss } from '../contract/network.js'
import { type Dataset, targetStride } from './dataset.js'
import { lossRules } from './operations.js'

/**
 * Scales the weights of the validation rows, in place, to a mean of 1 where the loss divides by their sum (DataShape).
 * Weights that are all zero stay zero.
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
