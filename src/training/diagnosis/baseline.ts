/**
 * The loss of the best constant prediction. A network that has learned anything from its inputs is below it. For
 * cross-entropy it is the entropy of the class shares, which is ln(classes) for equally frequent classes.
 */
import type { Column } from '../../contract/dataset.js'
import type { Evaluation } from '../../contract/evaluation.js'
import type { JobSpec } from '../../contract/job-spec.js'
import { classWeights } from '../../datasets/row-weights.js'
import type { StoredTraining } from './training-record.js'

/** Null where the losses on training or validation rows are unknown. */
export interface Baseline {
  training: number | null
  validation: number | null
}

const unknown: Baseline = { training: null, validation: null }

export function constantLoss(record: StoredTraining): Baseline {
  const { spec, data, validation, evaluation } = record
  if (data === null || spec.loss === 'perceptron' || hasOtherWeights(spec)) return unknown
  const guess = outputMeans(targets(data.columns), spec)
  if (guess === null) return scaledTargets(targets(data.columns), spec) ?? fromEvaluation(spec, evaluation)
  const onTraining = expectedLoss(spec.loss, guess, guess)
  if (spec.validationDataset === undefined) return { training: onTraining, validation: onTraining }
  const truth = validation === null ? null : outputMeans(targets(validation.columns), spec)
  return { training: onTraining, validation: truth === null ? null : expectedLoss(spec.loss, guess, truth) }
}

/** Weights that do not have a mean of 1 change the scale of the loss. */
const hasOtherWeights = ({ sampleWeight, classWeight }: JobSpec) =>
  sampleWeight !== undefined || typeof classWeight === 'object'

export const targets = (columns: readonly Column[]) => columns.filter(({ role }) => role === 'target')

/** The rows of each class of the only target, by name; null unless it has classes or is 0 or 1. */
export function classShares(
  columns: readonly Column[],
): { classes: readonly string[]; shares: number[] } | null {
  const [target, ...others] = columns
  if (target === undefined || others.length > 0) return null
  const { categories, counts } = target
  if (categories !== undefined) {
    const rows = counts?.reduce((sum, count) => sum + count, 0) ?? 0
    return counts === undefined || rows === 0
      ? null
      : { classes: categories, shares: counts.map((count) => count / rows) }
  }
  const mean = meanOfBits(target)
  return mean === null ? null : { classes: ['0', '1'], shares: [1 - mean, mean] }
}

/** The mean of a target that is 0 or 1 in every row. */
function meanOfBits({ type, integers, min, max, mean, counts }: Column): number | null {
  if (type === 'boolean' && counts?.length === 2) {
    const [no = 0, yes = 0] = counts
    return no + yes === 0 ? null : yes / (no + yes)
  }
  const isBit = type === 'number' && integers === true && (min ?? -1) >= 0 && (max ?? 2) <= 1
  return isBit ? (mean ?? null) : null
}

/** The units of the last layer; null unless it is dense. */
export function outputUnits({ layers }: JobSpec['network']): number | null {
  const last = layers.at(-1)
  return last?.type === 'dense' ? last.units : null
}

/** The weighted mean of each output of the encoded targets; null unless all of them are 0 or 1. */
function outputMeans(columns: readonly Column[], spec: JobSpec): number[] | null {
  const single = outputUnits(spec.network) === 1
  const found = classShares(columns)
  if (found !== null) {
    if (single && found.classes.length === 2) return [weighted(found, spec.classWeight)[1] ?? 0]
    if (columns[0]?.categories !== undefined) return weighted(found, spec.classWeight)
  }
  const means = columns.map(meanOfBits)
  return means.length === 0 || means.includes(null) || spec.loss === 'categoricalCrossentropy'
    ? null
    : means.flatMap((mean) => mean ?? [])
}

function weighted(
  { classes, shares }: { classes: readonly string[]; shares: number[] },
  classWeight: JobSpec['classWeight'],
): number[] {
  if (classWeight === undefined) return shares
  const weights = classWeights(classWeight, classes, shares)
  const sums = shares.map((share, index) => share * (weights[index] ?? 1))
  const total = sums.reduce((sum, each) => sum + each, 0)
  return sums.map((each) => each / total)
}

/** The mean loss of guessing `guess` where the outputs have these means. */
function expectedLoss(loss: JobSpec['loss'], guess: readonly number[], truth: readonly number[]): number {
  const each = guess.map((value, index) => outputLoss(loss, value, truth[index] ?? value))
  const sum = each.reduce((total, value) => total + value, 0)
  return loss === 'categoricalCrossentropy' || loss === 'squaredError' ? sum : sum / each.length
}

/** Keeps logarithms finite where a class has no rows. */
const smallest = 1e-7

/** Of one output that is 1 in the share `truth` of the rows. See `losses` of the contract. */
function outputLoss(loss: JobSpec['loss'], guess: number, truth: number): number {
  const inside = Math.min(1 - smallest, Math.max(smallest, guess))
  const squares = truth * (1 - truth) + (truth - guess) ** 2
  switch (loss) {
    case 'categoricalCrossentropy':
      return -truth * Math.log(inside)
    case 'binaryCrossentropy':
      return -truth * Math.log(inside) - (1 - truth) * Math.log(1 - inside)
    case 'meanSquaredError':
      return squares
    case 'squaredError':
    case 'huber':
      return squares / 2
    case 'meanAbsoluteError':
      return guess < 0.5 ? truth : 1 - truth
    case 'hinge':
      return 2 * (guess < 0.5 ? truth : 1 - truth)
    case 'perceptron':
      return Number.NaN
    default:
      return loss satisfies never
  }
}

const squaredLosses: readonly JobSpec['loss'][] = ['meanSquaredError', 'squaredError']

/** Standardized targets have a variance of 1 on the training rows. */
function scaledTargets(columns: readonly Column[], { loss, targetScaling }: JobSpec): Baseline | null {
  if (targetScaling !== 'standardize' || !squaredLosses.includes(loss)) return null
  const varying = columns.filter(({ min, max }) => min !== max).length
  const variance = loss === 'squaredError' ? varying / 2 : varying / columns.length
  return { training: variance, validation: variance }
}

/** The variance of the evaluated targets: R² = 1 − RMSE² / variance. */
function fromEvaluation({ loss, targetScaling }: JobSpec, evaluation: Evaluation | null): Baseline {
  if (evaluation?.type !== 'regression' || targetScaling !== 'none' || !squaredLosses.includes(loss))
    return unknown
  const variances = evaluation.targets.map(({ rmse, r2 }) =>
    rmse === null || r2 === null || r2 >= 1 ? Number.NaN : rmse ** 2 / (1 - r2),
  )
  const sum = variances.reduce((total, each) => total + each, 0)
  if (!Number.isFinite(sum)) return unknown
  const loss0 = loss === 'squaredError' ? sum / 2 : sum / variances.length
  return { training: loss0, validation: loss0 }
}
