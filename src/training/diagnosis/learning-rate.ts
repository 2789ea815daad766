/** A finding about steps that are too long. */
import { indexOfLowest, level, median, medianStep, part, shareOfRises, smoothed, toLosses } from './curve.js'
import { lowerRate, usualRates } from './rates.js'
import type { Observed, Rule, TrainingRecord } from './training-record.js'
import { hasWrongScale, short } from './training-record.js'

/** Fewer epochs do not show a trend. */
const fewestEpochs = 5

/** A median loss this far above that of a constant prediction is not noise. */
const aboveConstant = 1.1
/** Without a fall by this share between two parts of the curve, the loss does not come down. */
const leastFall = 0.05
/** Noise of small batches changes the mean loss of an epoch by a few percent; overshooting changes it much more. */
const largeStep = 0.2
/** An oscillation goes up about every second step. A steady fall or rise has other causes. */
const someRises = 0.3
const mostlyRises = 0.8
/** A loss below this share of the reference is good enough that its relative noise does not matter. */
const smallLoss = 0.1
/** Karpathy 2019: the loss starts near that of a constant prediction. Long steps leave it within the first epoch. */
const farAboveConstant = 2
/** A rate this many times above the usual ones explains such a first epoch. */
const unusual = 10

export const learningRateTooHigh: Rule = (record, earlier) => {
  const { spec, points, hasDiverged } = record
  if (spec.loss === 'perceptron' || hasWrongScale(earlier)) return null
  if (hasDiverged) return diverged(record)
  if (points.length < fewestEpochs) return leavesAtOnce(record)
  return (
    leavesAtOnce(record) ?? staysAbove(record) ?? collapses(record) ?? oscillates(record) ?? stalls(record)
  )
}

function diverged(record: TrainingRecord): Observed {
  const { points, lastEpoch, spec } = record
  const lowest = points[indexOfLowest(toLosses(points))]
  // The first epoch with this rate may be the worst already.
  const risesSince = lowest === undefined ? lastEpoch : lowest === points[0] ? lowest.epoch : lowest.epoch + 1
  const best = lowest === undefined ? '' : `; the lowest was ${short(lowest.loss)} in epoch ${lowest.epoch}`
  return {
    ...tooHigh(record, {
      sentence: `In epoch ${lastEpoch} the loss was no longer a finite number${best}, at a learning rate of ${spec.optimizer.learningRate}.`,
      figures: {
        learningRate: spec.optimizer.learningRate,
        lastEpoch,
        ...(lowest === undefined ? {} : { lowestLoss: lowest.loss, lowestEpoch: lowest.epoch }),
      },
    }),
    severity: 'error',
    sinceEpoch: Math.max(1, Math.min(lastEpoch, risesSince)),
  }
}

function leavesAtOnce(record: TrainingRecord): Observed | null {
  const { points, baseline, spec } = record
  const { learningRate, type } = spec.optimizer
  const [first] = points
  const constant = baseline.training
  if (first?.epoch !== 1 || constant === null || learningRate < unusual * usualRates[type]) return null
  if (first.loss < farAboveConstant * constant) return null
  return {
    ...tooHigh(record, {
      sentence: `The mean loss of the first epoch is ${short(first.loss)}, while a constant prediction has ${short(constant)}, at a learning rate of ${learningRate}.`,
      figures: { loss: first.loss, constantLoss: constant, learningRate },
    }),
    sinceEpoch: 1,
  }
}

/** Any useful rate reaches the loss of a constant prediction soon, because the last bias alone can express it. */
function staysAbove(record: TrainingRecord): Observed | null {
  const { points, baseline, spec } = record
  const constant = baseline.training
  if (constant === null || constant === 0) return null
  const [before, now] = [level(points, 0.34, 0.67), level(points, 0.67, 1)]
  const rises = shareOfRises(toLosses(points))
  const isSteady = rises < someRises || rises >= mostlyRises
  if (isSteady || now < aboveConstant * constant || now < (1 - leastFall) * before) return null
  const first = points.find(({ loss }) => loss >= aboveConstant * constant)
  return {
    ...tooHigh(record, {
      sentence: `The training loss is ${short(now)} and does not fall, while a constant prediction has ${short(constant)}, at a learning rate of ${spec.optimizer.learningRate}.`,
      figures: { loss: now, constantLoss: constant, learningRate: spec.optimizer.learningRate },
    }),
    sinceEpoch: first?.epoch ?? null,
  }
}

/** The loss has been this share of its present value before. */
const muchBetter = 0.7

/** A long step can move all units to where they have no gradient, and the network then stays a constant. */
function collapses(record: TrainingRecord): Observed | null {
  const { points, baseline, spec } = record
  // The loss has to be back at the constant in the whole last third.
  const losses = smoothed(toLosses(part(points, 0, 0.67)))
  const lowest = points[indexOfLowest(losses)]
  const [best, now] = [Math.min(...losses), level(points, 0.67, 1)]
  if (baseline.training === null || now * aboveConstant < baseline.training) return null
  if (now > aboveConstant * baseline.training) return null
  if (lowest === undefined || best > muchBetter * now) return null
  // Penalties of the weights may have pulled them back.
  if (spec.optimizer.weightDecay > 0 || (spec.l1 ?? 0) > 0) return null
  return {
    ...tooHigh(record, {
      sentence: `The training loss was ${short(best)} around epoch ${lowest.epoch} and then returned to ${short(now)}, the level of a constant prediction.`,
      figures: { lowestLoss: best, lowestEpoch: lowest.epoch, loss: now, constantLoss: baseline.training },
    }),
    sinceEpoch: lowest.epoch + 1,
  }
}

function oscillates(record: TrainingRecord): Observed | null {
  const { points, reference, spec } = record
  const late = part(points, 0.5, 1)
  const losses = toLosses(late)
  const [size, typical] = [medianStep(losses), median(losses)]
  const isLarge = size >= largeStep * typical && typical >= smallLoss * reference
  const falls = level(points, 0.75, 1) < (1 - largeStep) * level(points, 0.5, 0.75)
  const rises = shareOfRises(losses)
  if (losses.length < fewestEpochs || !isLarge || falls || rises < someRises || rises >= mostlyRises)
    return null
  return {
    ...tooHigh(record, {
      sentence: `From one epoch to the next, the training loss jumps by ${short(size)} around ${short(typical)}, at a learning rate of ${spec.optimizer.learningRate}.`,
      figures: { step: size, loss: typical, learningRate: spec.optimizer.learningRate },
    }),
    sinceEpoch: late[0]?.epoch ?? null,
  }
}

/** With so high a rate, a loss that stays this high is no limit of the network. */
const stalledLoss = 0.2

function stalls(record: TrainingRecord): Observed | null {
  const { points, reference, spec } = record
  const { learningRate, type } = spec.optimizer
  const [before, now] = [level(points, 0.34, 0.67), level(points, 0.67, 1)]
  const rises = shareOfRises(toLosses(points))
  if (learningRate <= unusual * usualRates[type] || now < stalledLoss * reference) return null
  if (rises < someRises || rises >= mostlyRises) return null
  if (points.length < 2 * fewestEpochs || now < (1 - leastFall) * before) return null
  return {
    ...tooHigh(record, {
      sentence: `The training loss stays at ${short(now)}, at a learning rate of ${learningRate}, which is far above the usual ${usualRates[type]}.`,
      figures: { loss: now, learningRate, usualRate: usualRates[type] },
    }),
    sinceEpoch: points[Math.floor(points.length / 3)]?.epoch ?? null,
  }
}

function tooHigh({ spec }: TrainingRecord, seen: Observed['seen']): Omit<Observed, 'sinceEpoch'> {
  const learningRate = lowerRate(spec.optimizer)
  return {
    code: 'learning-rate-too-high',
    severity: 'warning',
    seen,
    patch: { optimizer: { learningRate } },
    advice: `Lower the learning rate to ${learningRate}.`,
  }
}
