/** Compares the predictions of a model with the targets, row by row. */
import type { TargetCoding } from '../contract/dataset.js'
import type { EvaluatedRows, Evaluation } from '../contract/evaluation.js'
import type { Activation, Loss } from '../contract/network.js'
import { classCounter, type DecisionOptions, labelCounter } from './class-counter.js'
import { regressionCounter } from './regression-counter.js'
import { accuracyRule, isRegression } from './target-coding.js'

type Numbers = ArrayLike<number>

/** Accumulates the metrics of an evaluation. */
export interface Counter {
  /** Adds a row, in order. `target` is encoded as for training. Target and output are finite. */
  add(target: Numbers, output: Numbers, row: number): void
  result(rows: EvaluatedRows & { unanswered: number }): Evaluation
}

export interface EvaluatorOptions {
  loss: Loss
  /** Activation of the last layer. Softmax and sigmoid give probabilities. */
  lastActivation?: Activation | undefined
  /** Whether every target of these rows is 0 or 1. Otherwise number targets are evaluated as a regression. */
  isBinary: boolean
  /** Lowest probability of the second class at which it is predicted; default ½. */
  threshold?: number | null | undefined
}

/** The row of an evenly spaced sample of `count` rows. */
export function evaluatedRow(
  index: number,
  { available, count }: Pick<EvaluatedRows, 'available' | 'count'>,
): number {
  return Math.floor((index * available) / count)
}

export class Evaluator {
  readonly #counter: Counter
  #row = 0
  #unanswered = 0

  constructor(
    coding: TargetCoding,
    options: EvaluatorOptions,
    readonly rows: EvaluatedRows,
  ) {
    this.#counter = createCounter(coding, options, rows.count)
  }

  /** Adds the next row. */
  add(target: Numbers, output: Numbers): void {
    if (Array.prototype.every.call(output, Number.isFinite)) this.#counter.add(target, output, this.#row)
    else this.#unanswered++
    this.#row++
  }

  result(): Evaluation {
    return this.#counter.result({ ...this.rows, unanswered: this.#unanswered })
  }
}

function createCounter(coding: TargetCoding, options: EvaluatorOptions, count: number): Counter {
  const { loss, lastActivation, isBinary, threshold } = options
  const decision: DecisionOptions = { loss, lastActivation, threshold: threshold ?? undefined }
  switch (coding.type) {
    case 'oneHot':
    case 'binary':
      return classCounter(coding.classes, coding, decision, count)
    case 'multiLabel':
      return isBinary ? labelCounter(coding.names, loss) : regressionCounter(coding, count)
    case 'number': {
      const hasAccuracy =
        coding.binary !== undefined
          ? accuracyRule(coding, loss, lastActivation) !== 'none'
          : !isRegression(loss)
      if (!isBinary || !hasAccuracy) return regressionCounter(coding, count)
      if (coding.names.length === 1) return classCounter(['0', '1'], coding, decision, count)
      const isOneHot = accuracyRule(coding, loss, lastActivation) === 'argmax'
      return isOneHot ? classCounter(coding.names, coding, decision, count) : labelCounter(coding.names, loss)
    }
    default:
      return coding satisfies never
  }
}
