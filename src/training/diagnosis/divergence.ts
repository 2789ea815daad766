/** A finding about a loss that grows, before it is no longer finite. */
import type { Optimizer } from '../../contract/network.js'
import { indexOfLowest, shareOfRises, toLosses } from './curve.js'
import { lowerRate } from './rates.js'
import { hasWrongScale, type Rule, short } from './training-record.js'

/** Noise goes up about every second epoch. */
const mostlyRises = 0.8
/** Noise does not raise the mean loss of an epoch by half over several epochs in a row. */
const growth = 1.5
/** The epochs that must rise: a tenth of the curve, at least this number. */
const fewestRises = 6
/** Below this share of the reference, the relative noise of a nearly perfect network is large. */
const tinyLoss = 0.05

export const divergenceComing: Rule = ({ spec, points, reference, hasDiverged }, earlier) => {
  if (spec.loss === 'perceptron' || hasDiverged || hasWrongScale(earlier)) return null
  if (earlier.has('learning-rate-too-high') || points.length <= fewestRises) return null
  const recent = toLosses(points.slice(-1 - Math.max(fewestRises, Math.round(points.length / 10))))
  const lowest = points[indexOfLowest(toLosses(points))]
  const last = recent.at(-1)
  if (lowest === undefined || last === undefined || shareOfRises(recent) < mostlyRises) return null
  const limit = (hasMomentum(spec.optimizer) ? 1 : tinyLoss) * reference
  if (last < Math.max(growth * lowest.loss, limit)) return null
  const learningRate = lowerRate(spec.optimizer)
  return {
    code: 'divergence-coming',
    severity: 'warning',
    seen: {
      sentence: `The training loss has grown from ${short(lowest.loss)} in epoch ${lowest.epoch} to ${short(last)}, and still grows.`,
      figures: { lowestLoss: lowest.loss, lowestEpoch: lowest.epoch, loss: last },
    },
    sinceEpoch: lowest.epoch + 1,
    patch: { optimizer: { learningRate }, clipNorm: 1 },
    advice: `Lower the learning rate to ${learningRate}, and limit the norm of the gradient to 1.`,
  }
}

/** Momentum overshoots, and comes back while the loss is still below the reference. */
const hasMomentum = (optimizer: Optimizer) => optimizer.type !== 'sgd' || optimizer.momentum > 0
