/** Findings about the dataset under the spec: scales, class shares, constant targets. */
import type { Column } from '../../contract/dataset.js'
import { activations, lastActivation, losses } from '../../contract/network.js'
import { classShares, targets } from './baseline.js'
import type { Observed, Rule, TrainingRecord } from './training-record.js'
import { percent, short } from './training-record.js'

const isConstant = ({ type, min, max, counts = [] }: Column) =>
  type === 'number'
    ? min !== undefined && min === max
    : counts.length > 0 && counts.filter((rows) => rows > 0).length < 2

export const constantTarget: Rule = ({ data }) => {
  const all = targets(data?.columns ?? [])
  const constant = all.filter(isConstant)
  if (data === null || constant.length === 0) return null
  const names = constant.map(({ name }) => name).join(', ')
  return {
    code: 'constant-target',
    severity: constant.length === all.length ? 'error' : 'note',
    seen: {
      sentence: `${names} ${constant.length === 1 ? 'has' : 'have'} the same value in all ${data.rows} rows.`,
      figures: { rows: data.rows, constantTargets: constant.length, targets: all.length },
    },
    sinceEpoch: null,
    patch: null,
    advice: 'Use rows with different targets, or upload the file again with another column as target=NAME.',
  }
}

/**
 * Features should have a mean near 0 and similar scales (LeCun et al. 1998, section 4.3). Pixels from 0 to 16 still
 * train; from this magnitude on, usual learning rates fail.
 */
const largeNumber = 100
/** The widest column is this much wider than the narrowest, as in the dataset warning `mixed-scales`. */
const mixedScales = 1_000

const magnitude = ({ min = 0, max = 0 }: Column) => Math.max(Math.abs(min), Math.abs(max))

export const unscaledInput: Rule = ({ data, spec }) => {
  const numbers = (data?.columns ?? []).filter(
    ({ role, type, name }) => role === 'feature' && type === 'number' && name !== spec.sampleWeight,
  )
  const [first] = spec.network.layers
  if (spec.scaling !== 'none' || numbers.length === 0 || first?.type === 'batchNormalization') return null
  const sizes = numbers
    .map((column) => ({ name: column.name, size: magnitude(column) }))
    .filter(({ size }) => size > 0)
  const sorted = sizes.toSorted((one, other) => one.size - other.size)
  const [narrowest, widest] = [sorted[0], sorted.at(-1)]
  if (narrowest === undefined || widest === undefined) return null
  if (widest.size < largeNumber && widest.size < mixedScales * narrowest.size) return null
  const also = narrowest === widest ? '' : `, and ${narrowest.name} up to ${short(narrowest.size)}`
  return {
    code: 'unscaled-input',
    severity: 'warning',
    seen: {
      sentence: `${widest.name} is up to ${short(widest.size)}${also}, and "scaling" is "none".`,
      figures: { largest: widest.size, smallestColumn: narrowest.size },
    },
    sinceEpoch: null,
    ...scalingRemedy(spec.from !== undefined),
  }
}

function scalingRemedy(startsFromModel: boolean): Pick<Observed, 'patch' | 'advice'> {
  return startsFromModel
    ? {
        patch: null,
        advice: 'The model in "from" was trained without scaling: train a new one with "standardize".',
      }
    : {
        patch: { scaling: 'standardize' },
        advice: 'Scale each column to mean 0 and standard deviation 1. Predictions still take raw values.',
      }
}

/** Targets of this size make the first gradients this many times larger than those of targets near 1. */
const largeTarget = 100
/** Targets within so narrow a range make gradients that small. */
const narrowTarget = 0.01

export const unscaledTarget: Rule = ({ data, spec }) => {
  const all = targets(data?.columns ?? []).filter(({ type, min, max }) => type === 'number' && min !== max)
  if (losses[spec.loss].targets !== 'numbers' || spec.targetScaling !== 'none' || all.length === 0)
    return null
  const extreme = all.find((column) => {
    const range = (column.max ?? 0) - (column.min ?? 0)
    return magnitude(column) >= largeTarget || range <= narrowTarget
  })
  if (extreme === undefined) return null
  const { name, min = 0, max = 0 } = extreme
  const last = lastActivation(spec.network)
  const { least, most } = activations[last]
  const targetScaling = least < 0 && most === Number.POSITIVE_INFINITY ? 'standardize' : 'minMax'
  const isPossible = spec.from === undefined && last !== 'softmax' && last !== 'step'
  return {
    code: 'unscaled-target',
    severity: 'warning',
    seen: {
      sentence: `${name} goes from ${short(min)} to ${short(max)}, and "targetScaling" is "none".`,
      figures: { lowest: min, highest: max },
    },
    sinceEpoch: null,
    patch: isPossible ? { targetScaling } : null,
    advice: isPossible
      ? 'Scale the target. Predictions and evaluations stay in its unit; the loss changes its scale.'
      : 'Train a new network without "from" that ends with linear, and scale the target.',
  }
}

/** The limits of the dataset warning `imbalanced-target`: of two classes, and of the mean share of more. */
const rareOfTwo = 0.1
const rareOfMany = 0.2
/** An accuracy this close to always predicting the most frequent class is no knowledge. */
const nearBaseline = 0.02
const lowRecall = 0.5

export const imbalanceIgnored: Rule = (record, earlier) => {
  const { spec, data } = record
  const found = classShares(targets(data?.columns ?? []))
  const isWeighted = spec.classWeight !== undefined || spec.sampleWeight !== undefined
  if (found === null || isWeighted || earlier.has('constant-target')) return null
  const { classes, shares } = found
  const least = Math.min(...shares)
  if (least >= (classes.length === 2 ? rareOfTwo : rareOfMany / classes.length)) return null
  const most = Math.max(...shares)
  const [rare = '', frequent = ''] = [classes[shares.indexOf(least)], classes[shares.indexOf(most)]]
  const recall = classRecall(record, rare)
  const accuracy = record.epochs.at(-1)?.valAccuracy ?? record.epochs.at(-1)?.accuracy ?? null
  const isHarmful = recall === null ? accuracy !== null && accuracy < most + nearBaseline : recall < lowRecall
  const isClass = data?.columns.some(({ role, categories }) => role === 'target' && categories !== undefined)
  const recallText = recall === null ? '' : `; of ${rare}, ${percent(recall)} are recognized`
  return {
    code: 'imbalance-ignored',
    severity: isHarmful ? 'warning' : 'note',
    seen: {
      sentence: `${percent(most)} of the rows are ${frequent} and ${percent(least)} are ${rare}, and all rows count equally${recallText}.`,
      figures: {
        largestShare: most,
        smallestShare: least,
        ...(recall === null ? {} : { recall }),
        ...(accuracy === null ? {} : { accuracy }),
      },
    },
    sinceEpoch: null,
    patch: isClass === true ? { classWeight: 'balanced' } : null,
    advice:
      isClass === true
        ? 'Give each class the same weight in the loss, and compare recall instead of accuracy.'
        : 'Compare recall instead of accuracy. For class weights, use class names instead of 0 and 1 as targets.',
  }
}

function classRecall({ evaluation }: TrainingRecord, name: string): number | null {
  if (evaluation?.type !== 'classification') return null
  const found = evaluation.perClass.find((each) => each.class === name)
  return found === undefined || found.support === 0 ? null : found.recall
}
