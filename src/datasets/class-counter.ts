/** Counts predicted classes or labels, and computes the metrics of the counts. */
import type { TargetCoding } from '../contract/dataset.js'
import { type Evaluation, maximumConfusionClasses } from '../contract/evaluation.js'
import type { Activation, Loss } from '../contract/network.js'
import type { Counter } from './evaluation.js'
import { argmax, positiveThreshold, predictedClass } from './prediction.js'
import { targetNames, targetWidth } from './target-coding.js'
import { TwoClassScores } from './two-class-scores.js'

/** How outputs become classes. */
export interface DecisionOptions {
  loss: Loss
  lastActivation: Activation | undefined
  threshold: number | undefined
}

type Classification = Evaluation & { type: 'classification' }
type PerClass = Classification['perClass'][number]
type Scores = Pick<PerClass, 'precision' | 'recall' | 'f1'>

export function classCounter(
  names: string[],
  coding: TargetCoding,
  options: DecisionOptions,
  count: number,
): Counter {
  const confusion = names.length > maximumConfusionClasses ? null : squareOfZeros(names.length)
  const isOneHot = targetWidth(coding) > 1
  const right = names.map(() => 0)
  const predictions = names.map(() => 0)
  const support = names.map(() => 0)
  const scores = names.length === 2 ? new TwoClassScores(options, count) : null
  return {
    add(target, output) {
      const actual = isOneHot ? argmax(target) : target[0]
      const predicted = scores?.add(actual, output) ?? predictedClass(output, options.loss)
      support[actual]++
      predictions[predicted]++
      if (actual === predicted) right[actual]++
      if (confusion !== null) confusion[actual][predicted]++
    },
    result(rows) {
      const all = sum(support)
      const perClass = names.map((name, index): PerClass => {
        const counts = { right: right[index], predicted: predictions[index], support: support[index] }
        return { class: name, ...computeScores(counts), support: support[index] }
      })
      const accuracy = all === 0 ? null : sum(right) / all
      const majority = argmax(support)
      const baseline = all === 0 ? null : { class: names[majority], accuracy: support[majority] / all }
      return {
        type: 'classification',
        ...rows,
        notices: baselineNotices(accuracy, baseline, { about: '', remedy: suggestRemedy(support, coding) }),
        classes: names,
        right: sum(right),
        confusion,
        accuracy,
        baseline,
        perClass,
        macro:
          all === 0
            ? null
            : computeMacro(perClass.filter((_, index) => support[index] + predictions[index] > 0)),
        twoClasses: all === 0 ? null : (scores?.result(names[1]) ?? null),
      }
    },
  }
}

export function labelCounter(names: string[], loss: Loss): Counter {
  const confusions = names.map(() => squareOfZeros(2))
  const least = positiveThreshold(loss)
  return {
    add(target, output) {
      for (const [index, confusion] of confusions.entries()) {
        confusion[target[index]][output[index] >= least ? 1 : 0]++
      }
    },
    result: (rows) => ({
      type: 'multiLabel',
      ...rows,
      notices: names.flatMap((name, index) => labelNotices(name, confusions[index])),
      labels: names.map((name, index) => {
        const [[, falsePositives], [falseNegatives, truePositives]] = confusions[index]
        const counts = {
          right: truePositives,
          predicted: truePositives + falsePositives,
          support: truePositives + falseNegatives,
        }
        return { name, confusion: confusions[index], ...computeScores(counts) }
      }),
    }),
  }
}

function labelNotices(name: string, [no, yes]: number[][]): Classification['notices'] {
  const support = [sum(no), sum(yes)]
  const rows = sum(support)
  const majority = argmax(support)
  const baseline = { class: ['no', 'yes'][majority], accuracy: support[majority] / rows }
  const remedy = `Try more epochs, another learning rate, or features that are more predictive of ${name}.`
  const accuracy = (no[0] + yes[1]) / rows
  return rows === 0 ? [] : baselineNotices(accuracy, baseline, { about: ` about ${name}`, remedy })
}

const squareOfZeros = (side: number) => Array.from({ length: side }, () => new Array<number>(side).fill(0))

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** 0 for a zero denominator, like scikit-learn with zero_division=0. */
function computeScores({
  right,
  predicted,
  support,
}: {
  right: number
  predicted: number
  support: number
}): Scores {
  const f1 = predicted + support === 0 ? 0 : (2 * right) / (predicted + support)
  return {
    precision: predicted === 0 ? 0 : right / predicted,
    recall: support === 0 ? 0 : right / support,
    f1,
  }
}

/** The mean over the classes that occur in the predictions or the rows, like scikit-learn. */
function computeMacro(classes: readonly PerClass[]): Scores {
  const mean = (score: keyof Scores) => sum(classes.map((scores) => scores[score])) / classes.length
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** A class with less than this share of the mean class size is rare. */
const rareShare = 0.4

function suggestRemedy(support: readonly number[], coding: TargetCoding): string {
  const isSkewed = support.some((count) => count < (rareShare * sum(support)) / support.length)
  if (!isSkewed) return 'Try more epochs, another learning rate, or features that separate the classes.'
  const [name, ...others] = targetNames(coding)
  const finding = 'The classes are imbalanced:'
  if (others.length > 0) return `${finding} compare recall.`
  const first = 'classes' in coding ? '' : `upload with types=${name}:category, `
  return `${finding} ${first}try "classWeight": "balanced", and compare recall.`
}

function baselineNotices(
  accuracy: number | null,
  baseline: Classification['baseline'],
  { about, remedy }: { about: string; remedy: string },
): Classification['notices'] {
  // If all rows have one class, no model is better than the baseline.
  if (accuracy === null || baseline === null || accuracy > baseline.accuracy || baseline.accuracy === 1) {
    return []
  }
  const message =
    `The model is right${about} in ${percent(accuracy)} of these rows, no better than always predicting ` +
    `"${baseline.class}", which is right in ${percent(baseline.accuracy)}. ${remedy}`
  return [{ code: 'no-better-than-most-frequent', message }]
}
