/** The loss of a single row, as the reference defines it. */
import type { Loss } from '../contract/network.js'
import { lossRules } from './operations.js'

export { lossOfRow } from './kernels/reference/loss.js'

/** Whether a loss is computed from the logits, the values before the last activation, instead of the outputs. */
export const usesLogits = (loss: Loss): boolean => lossRules[loss].fromLogits
