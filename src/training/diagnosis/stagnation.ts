/** Findings about losses that no longer fall: at the level of a constant prediction, or below it. */
import { level, medianStep, part, smoothed, toLosses } from './curve.js'
import { moreCapacity } from './patches.js'
import type { Rule, TrainingRecord } from './training-record.js'
import { short } from './training-record.js'

const fewestEpochs = 10
/** Less progress than this share of the reference is none. */
const leastProgress = 0.01
/** A loss between this share of a constant prediction and `aboveConstant` has learned nothing. */
const nothingLearned = 0.9
const aboveConstant = 1.1

/** The first epoch that is as good as the last third of the curve. */
function flatSince({ points, reference }: TrainingRecord): { epoch: number; index: number } | null {
  const losses = smoothed(toLosses(points))
  const index = losses.findIndex((loss) => loss <= level(points, 0.67, 1) + leastProgress * reference)
  const point = points[index]
  return point === undefined ? null : { epoch: point.epoch, index }
}

/** A shorter stretch without progress may be a pause. */
const flatShare = 0.1

/** Some functions, such as parity, are learned suddenly after many epochs. So it is a note until the training ends. */
export const underfitting: Rule = (record, earlier) => {
  const { points, baseline, hasEnded, spec, lastEpoch, plannedEpochs } = record
  const constant = baseline.training
  if (constant === null || points.length < fewestEpochs || earlier.size > 0) return null
  // The last epochs may have found something.
  const now = Math.min(level(points, 0.67, 1), level(points, 0.95, 1))
  const flat = flatSince(record)
  const isFlat = flat !== null && lastEpoch - flat.epoch >= Math.max(fewestEpochs, flatShare * plannedEpochs)
  if (!isFlat || now < nothingLearned * constant || now > aboveConstant * constant) return null
  return {
    code: 'underfitting',
    severity: hasEnded ? 'warning' : 'note',
    seen: {
      sentence: `The training loss stays at ${short(now)}, and a constant prediction has ${short(constant)}.`,
      figures: { loss: now, constantLoss: constant },
    },
    sinceEpoch: flat.epoch,
    ...moreCapacity(spec),
  }
}

/** A loss below this share of the reference is close to perfect. */
const nearlyPerfect = 0.05
/** Steps of this share of the loss are noise that a smaller learning rate averages out. */
const noisyStep = 0.02

export const plateau: Rule = (record, earlier) => {
  const { points, reference, lastEpoch, plannedEpochs, spec } = record
  if (points.length < fewestEpochs || spec.loss === 'perceptron' || earlier.size > 0) return null
  const flat = flatSince(record)
  const now = level(points, 0.9, 1)
  if (flat === null || now < nearlyPerfect * reference) return null
  if (lastEpoch - flat.epoch < Math.max(flatShare * plannedEpochs, fewestEpochs)) return null
  const step = medianStep(toLosses(part(points, 0.67, 1)))
  const isNoisy = step >= noisyStep * now && spec.schedule === undefined
  return {
    code: 'plateau',
    severity: 'note',
    seen: {
      sentence: `The training loss has stayed at ${short(now)} for ${lastEpoch - flat.epoch} epochs.`,
      figures: { loss: now, epochs: lastEpoch - flat.epoch, step },
    },
    sinceEpoch: flat.epoch,
    patch: isNoisy ? { schedule: { type: 'cosine' } } : null,
    advice: isNoisy
      ? 'Let the learning rate fall to 0 by a cosine schedule, so that the last steps are short.'
      : 'Stop here, or try more units or other features: this network learns no more from these rows.',
  }
}
