/** Compares the predictions of a model with the targets, row by row. */
import type { TargetCoding } from '../contract/dataset.js'
import type { EvaluatedRows, Evaluation } from '../contract/evaluation.js'
import type { Activation, Loss } from '../contract/network.js'
import { classCounter, type DecisionOptions, labelCounter } from './class-counter.js'
import { argmax, decideClass } from './prediction.js'
import { regressionCounter } from './regression-counter.js'
import { accuracyRule, isRegression, targetWidth } from './target-coding.js'

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

/** Reads rows as classes. */
export interface ClassReader {
  classes: string[]
  actual(target: Numbers): number
  predicted(output: Numbers): number
}

/** Null if the rows are not evaluated as a classification. */
export function classReader(coding: TargetCoding, options: EvaluatorOptions): ClassReader | null {
  const classes = classNames(coding, options)
  if (classes === null) return null
  const { loss, lastActivation, threshold } = options
  const isOneHot = targetWidth(coding) > 1
  // Equal probabilities mean the second of two classes, as in the evaluation.
  const reading = { loss, lastActivation, threshold: threshold ?? 0.5 }
  return {
    classes,
    actual: (target) => (isOneHot ? argmax(target) : target[0]),
    predicted: (output) => decideClass(output, reading),
  }
}

function createCounter(coding: TargetCoding, options: EvaluatorOptions, count: number): Counter {
  const { loss, lastActivation, threshold } = options
  const classes = classNames(coding, options)
  if (classes !== null) {
    const decision: DecisionOptions = { loss, lastActivation, threshold: threshold ?? undefined }
    return classCounter(classes, coding, decision, count)
  }
  return 'names' in coding && areLabels(coding, options)
    ? labelCounter(coding.names, loss)
    : regressionCounter(coding, count)
}

/** The classes of which each row has one, or null. */
function classNames(coding: TargetCoding, options: EvaluatorOptions): string[] | null {
  switch (coding.type) {
    case 'oneHot':
    case 'binary':
      return coding.classes
    case 'multiLabel':
      return null
    case 'number': {
      if (!areLabels(coding, options)) return null
      if (coding.names.length === 1) return ['0', '1']
      return accuracyRule(coding, options.loss, options.lastActivation) === 'argmax' ? coding.names : null
    }
    default:
      return coding satisfies never
  }
}

/** Whether each target is true or false. */
function areLabels(
  coding: TargetCoding & { type: 'number' | 'multiLabel' },
  { loss, lastActivation, isBinary }: EvaluatorOptions,
): boolean {
  if (!isBinary || coding.type === 'multiLabel') return isBinary
  return coding.binary !== undefined
    ? accuracyRule(coding, loss, lastActivation) !== 'none'
    : !isRegression(loss)
}
