/** Chooses the scale of numeric targets. */
import type { Scaling, TargetCoding } from '../contract/dataset.js'
import { type Activation, activations, type Loss } from '../contract/network.js'
import { shownNames } from '../datasets/shown-text.js'
import { isRegression, targetNames } from '../datasets/target-coding.js'
import { SpecError } from '../engine/index.js'
import type { DataDescription } from './data-description.js'

export interface TrainedTarget {
  coding: TargetCoding
  loss: Loss
  /** Of the last layer. */
  activation: Activation
}

/**
 * The requested scale, or the default: uploads are standardized, or brought to 0 … 1 where the last
 * activation answers nothing below some number; built-ins and rows of a request stay as they are, and so do targets of 0 and 1.
 * @throws SpecError when the scale cannot be used
 */
export function targetScalingFor(
  wanted: Scaling | undefined,
  { origin }: Pick<DataDescription, 'origin'>,
  target: TrainedTarget,
): Scaling {
  const { activation } = target
  const refusal = scalingRefusal(target)
  if (wanted !== undefined && wanted !== 'none') {
    if (refusal !== undefined) throw new SpecError('/targetScaling', refusal)
    if (wanted === 'standardize' && !takesStandardized(activation)) {
      const message = `standardized targets are on both sides of 0, and ${activation} does not answer all of them: use "minMax", or end with linear`
      throw new SpecError('/targetScaling', message)
    }
  }
  if (wanted !== undefined) return wanted
  if (refusal !== undefined || origin !== 'uploaded') return 'none'
  return takesStandardized(activation) ? 'standardize' : 'minMax'
}

/** Such a last layer answers numbers on both sides of 0 without a bound above. */
const takesStandardized = (activation: Activation) =>
  activations[activation].least < 0 && activations[activation].most === Number.POSITIVE_INFINITY

function scalingRefusal({ coding, loss, activation }: TrainedTarget): string | undefined {
  if (!isRegression(loss))
    return `${loss} takes its targets as they are: leave targetScaling out, or use meanSquaredError`
  if (coding.type !== 'number') {
    const names = shownNames(targetNames(coding))
    return `only numbers are scaled, and ${names} tells classes apart: leave targetScaling out`
  }
  if (coding.binary === true) return 'the targets are 0 and 1 already: leave targetScaling out'
  if (activation === 'softmax' || activation === 'step') {
    return `${activation} answers no number on another scale: leave targetScaling out, or end with linear`
  }
  return undefined
}
