/** Counts what a model answers against what is true, row by row; holds sums, never the rows. */
import type { TargetCoding } from '../contract/dataset.js'
import {
  type EvaluatedRows,
  type Evaluation,
  maximumConfusionClasses,
  maximumPairs,
} from '../contract/evaluation.js'
import type { Loss } from '../contract/network.js'
import { leastPositive, placeOfClass, placeOfLargest } from './prediction.js'
import { targetWidth } from './target-coding.js'
import { unscaleTarget } from './target-scaling.js'

type Numbers = ArrayLike<number>

/** Takes rows in order: `target` as the network was trained on it, `output` as the network gave it, both finite. */
interface Counter {
  add(target: Numbers, output: Numbers, row: number): void
  result(rows: EvaluatedRows & { unanswered: number }): Evaluation
}

export class Evaluator {
  readonly #counter: Counter
  #row = 0
  #unanswered = 0

  /** `isBinary`: every target is 0 or 1. */
  constructor(
    readonly coding: TargetCoding,
    options: { loss: Loss; isBinary: boolean },
    readonly rows: EvaluatedRows,
  ) {
    this.#counter = counterOf(coding, options, rows.count)
  }

  /** The next row. */
  add(target: Numbers, output: Numbers): void {
    if (Array.prototype.every.call(output, Number.isFinite))
      this.#counter.add(this.#inUnit(target), this.#inUnit(output), this.#row)
    else this.#unanswered++
    this.#row++
  }

  #inUnit(numbers: Numbers): Numbers {
    if (this.coding.type !== 'number' || this.coding.scaling === undefined) return numbers
    return Float64Array.from(numbers, (value, output) => unscaleTarget(this.coding, output, value))
  }

  result(): Evaluation {
    return this.#counter.result({ ...this.rows, unanswered: this.#unanswered })
  }
}

function counterOf(
  coding: TargetCoding,
  { loss, isBinary }: { loss: Loss; isBinary: boolean },
  count: number,
): Counter {
  switch (coding.type) {
    case 'oneHot':
    case 'binary':
      return classes(coding.classes, coding, loss)
    case 'multiLabel':
      return isBinary ? labels(coding.names, loss) : regression(coding.names, count)
    case 'number': {
      const tellsApart = loss === 'binaryCrossentropy' || loss === 'hinge' || loss === 'perceptron'
      if (!tellsApart || !isBinary) return regression(coding.names, count)
      return coding.names.length > 1 ? labels(coding.names, loss) : classes(['0', '1'], coding, loss)
    }
    default:
      return coding satisfies never
  }
}

const squareOfZeros = (side: number) => Array.from({ length: side }, () => new Array<number>(side).fill(0))

function classes(names: string[], coding: TargetCoding, loss: Loss): Counter {
  const confusion = names.length > maximumConfusionClasses ? null : squareOfZeros(names.length)
  const isOneHot = targetWidth(coding) > 1
  let right = 0
  return {
    add(target, output) {
      const actual = isOneHot ? placeOfLargest(target) : target[0]
      const predicted = placeOfClass(output, loss)
      if (actual === predicted) right++
      if (confusion !== null) confusion[actual][predicted]++
    },
    result: (rows) => ({
      type: 'classification',
      ...rows,
      notices: [],
      classes: names,
      right,
      confusion,
      accuracy: null,
      baseline: null,
      perClass: [],
      macro: null,
      twoClasses: null,
    }),
  }
}

function labels(names: string[], loss: Loss): Counter {
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
      notices: [],
      labels: names.map((name, place) => ({
        name,
        confusion: confusions[place],
        precision: null,
        recall: null,
        f1: null,
      })),
    }),
  }
}

interface Sums {
  squared: number
  absolute: number
  /** Of the targets: mean and sum of squared distances from it (Welford 1962). */
  mean: number
  spread: number
  pairs: [number, number][]
}

function regression(names: string[], count: number): Counter {
  const share = Math.max(1, Math.floor(maximumPairs.together / names.length))
  const pairs = Math.min(count, share, maximumPairs.ofTarget)
  const sums = names.map((): Sums => ({ squared: 0, absolute: 0, mean: 0, spread: 0, pairs: [] }))
  let answered = 0
  return {
    add(target, output, row) {
      answered++
      // The first row of each of as many equal parts as there are pairs.
      const isShown = (row * pairs) % count < pairs
      for (const [place, sum] of sums.entries()) {
        const [actual, predicted] = [target[place], output[place]]
        const error = predicted - actual
        sum.squared += error * error
        sum.absolute += Math.abs(error)
        const distance = actual - sum.mean
        sum.mean += distance / answered
        sum.spread += distance * (actual - sum.mean)
        if (isShown) sum.pairs.push([actual, predicted])
      }
    },
    result: (rows) => ({
      type: 'regression',
      ...rows,
      notices: [],
      targets: sums.map(({ squared, absolute, spread, pairs }, place) => ({
        name: names[place],
        rmse: answered === 0 ? null : Math.sqrt(squared / answered),
        mae: answered === 0 ? null : absolute / answered,
        r2: spread > 0 ? 1 - squared / spread : null,
        pairs,
      })),
    }),
  }
}
