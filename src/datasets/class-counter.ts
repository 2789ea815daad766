/** Counts answers that are classes, or several labels, and what follows from the counts. */
import type { TargetCoding } from '../contract/dataset.js'
import { type Evaluation, maximumConfusionClasses } from '../contract/evaluation.js'
import type { Activation, Loss } from '../contract/network.js'
import type { Counter } from './evaluation.js'
import { leastPositive, placeOfClass, placeOfLargest } from './prediction.js'
import { targetNames, targetWidth } from './target-coding.js'
import { TwoClassScores } from './two-class-scores.js'

/** How outputs become classes. */
export interface Answers {
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
  answers: Answers,
  count: number,
): Counter {
  const confusion = names.length > maximumConfusionClasses ? null : squareOfZeros(names.length)
  const isOneHot = targetWidth(coding) > 1
  const right = names.map(() => 0)
  const answered = names.map(() => 0)
  const support = names.map(() => 0)
  const scores = names.length === 2 ? new TwoClassScores(answers, count) : null
  return {
    add(target, output) {
      const actual = isOneHot ? placeOfLargest(target) : target[0]
      const predicted = scores?.add(actual, output) ?? placeOfClass(output, answers.loss)
      support[actual]++
      answered[predicted]++
      if (actual === predicted) right[actual]++
      if (confusion !== null) confusion[actual][predicted]++
    },
    result(rows) {
      const all = sum(support)
      const perClass = names.map((name, place): PerClass => {
        const found = { right: right[place], answered: answered[place], support: support[place] }
        return { class: name, ...scoresOf(found), support: support[place] }
      })
      const accuracy = all === 0 ? null : sum(right) / all
      const most = placeOfLargest(support)
      const baseline = all === 0 ? null : { class: names[most], accuracy: support[most] / all }
      return {
        type: 'classification',
        ...rows,
        notices: noticesOf(accuracy, baseline, { about: '', remedy: remedyOf(support, coding) }),
        classes: names,
        right: sum(right),
        confusion,
        accuracy,
        baseline,
        perClass,
        macro:
          all === 0 ? null : macroOf(perClass.filter((_, place) => support[place] + answered[place] > 0)),
        twoClasses: all === 0 ? null : (scores?.result(names[1]) ?? null),
      }
    },
  }
}

export function labelCounter(names: string[], loss: Loss): Counter {
  const confusions = names.map(() => squareOfZeros(2))
  const least = leastPositive(loss)
  return {
    add(target, output) {
      for (const [place, confusion] of confusions.entries()) {
        confusion[target[place]][output[place] >= least ? 1 : 0]++
      }
    },
    result: (rows) => ({
      type: 'multiLabel',
      ...rows,
      notices: names.flatMap((name, place) => labelNotices(name, confusions[place])),
      labels: names.map((name, place) => {
        const [[, falsePositives], [falseNegatives, truePositives]] = confusions[place]
        const found = {
          right: truePositives,
          answered: truePositives + falsePositives,
          support: truePositives + falseNegatives,
        }
        return { name, confusion: confusions[place], ...scoresOf(found) }
      }),
    }),
  }
}

function labelNotices(name: string, [no, yes]: number[][]): Classification['notices'] {
  const support = [sum(no), sum(yes)]
  const rows = sum(support)
  const most = placeOfLargest(support)
  const baseline = { class: ['no', 'yes'][most], accuracy: support[most] / rows }
  const remedy = `Try more epochs, another learning rate, or features that say more about ${name}.`
  return rows === 0 ? [] : noticesOf((no[0] + yes[1]) / rows, baseline, { about: ` about ${name}`, remedy })
}

const squareOfZeros = (side: number) => Array.from({ length: side }, () => new Array<number>(side).fill(0))

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** 0 where nothing was answered, or nothing is to be found, as scikit-learn with zero_division=0. */
function scoresOf({
  right,
  answered,
  support,
}: {
  right: number
  answered: number
  support: number
}): Scores {
  const f1 = answered + support === 0 ? 0 : (2 * right) / (answered + support)
  return { precision: answered === 0 ? 0 : right / answered, recall: support === 0 ? 0 : right / support, f1 }
}

/** Of the classes that occur among the answers or the rows, as scikit-learn. */
function macroOf(classes: readonly PerClass[]): Scores {
  const mean = (score: keyof Scores) => sum(classes.map((each) => each[score])) / classes.length
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** Below this share of its even share, a class is rare. */
const rareShare = 0.4

function remedyOf(support: readonly number[], coding: TargetCoding): string {
  const isSkewed = support.some((count) => count < (rareShare * sum(support)) / support.length)
  if (!isSkewed) return 'Try more epochs, another learning rate, or features that tell the classes apart.'
  const [name, ...others] = targetNames(coding)
  const seen = 'The classes are far from equally frequent:'
  if (others.length > 0) return `${seen} look at recall.`
  const first = 'classes' in coding ? '' : `upload with types=${name}:category, `
  return `${seen} ${first}try "classWeight": "balanced", and look at recall.`
}

function noticesOf(
  accuracy: number | null,
  baseline: Classification['baseline'],
  { about, remedy }: { about: string; remedy: string },
): Classification['notices'] {
  // Where all rows are of one class, nothing can be better.
  if (accuracy === null || baseline === null || accuracy > baseline.accuracy || baseline.accuracy === 1) {
    return []
  }
  const message =
    `The model is right${about} in ${percent(accuracy)} of these rows, no better than always answering ` +
    `"${baseline.class}", which is right in ${percent(baseline.accuracy)}. ${remedy}`
  return [{ code: 'no-better-than-most-frequent', message }]
}
