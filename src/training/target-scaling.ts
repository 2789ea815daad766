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
  /** The activation of the last layer. */
  activation: Activation
}

/**
 * The scale of the request, or the default. Uploads are standardized, or scaled to 0 … 1 if the outputs of the last
 * activation have a lower bound. Built-ins and inline rows stay unscaled, and so do targets of 0 and 1.
 * @throws SpecError if the scale cannot be used
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
      const message = `standardized targets have both signs, but ${activation} cannot output all of them: use "minMax", or end with linear`
      throw new SpecError('/targetScaling', message)
    }
  }
  if (wanted !== undefined) return wanted
  if (refusal !== undefined || origin !== 'uploaded') return 'none'
  return takesStandardized(activation) ? 'standardize' : 'minMax'
}

/** The outputs of these activations have no upper bound and both signs. */
const takesStandardized = (activation: Activation) =>
  activations[activation].least < 0 && activations[activation].most === Number.POSITIVE_INFINITY

function scalingRefusal({ coding, loss, activation }: TrainedTarget): string | undefined {
  if (!isRegression(loss))
    return `${loss} takes unscaled targets: omit targetScaling, or use meanSquaredError`
  if (coding.type !== 'number') {
    const names = shownNames(targetNames(coding))
    return `only numbers can be scaled, but ${names} has classes: omit targetScaling`
  }
  if (coding.binary === true) return 'the targets are already 0 and 1: omit targetScaling'
  if (activation === 'softmax' || activation === 'step') {
    return `the outputs of ${activation} are from 0 to 1: omit targetScaling, or end with linear`
  }
  return undefined
}
