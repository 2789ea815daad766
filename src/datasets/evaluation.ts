/** Counts what a model answers against what is true, row by row. */
import type { TargetCoding } from '../contract/dataset.js'
import type { EvaluatedRows, Evaluation } from '../contract/evaluation.js'
import type { Activation, Loss } from '../contract/network.js'
import { type Answers, classCounter, labelCounter } from './class-counter.js'
import { regressionCounter } from './regression-counter.js'
import { accuracyOfTargets, isRegression } from './target-coding.js'

type Numbers = ArrayLike<number>

/** Takes rows in order: `target` as the network was trained on it, `output` as the network gave it, both finite. */
export interface Counter {
  add(target: Numbers, output: Numbers, row: number): void
  result(rows: EvaluatedRows & { unanswered: number }): Evaluation
}

export interface EvaluatorOptions {
  loss: Loss
  /** Of the network’s last layer; probabilities come from softmax and sigmoid. */
  lastActivation?: Activation | undefined
  /** Every target of these rows is 0 or 1; otherwise numbers are not right or wrong, whatever the coding says. */
  isBinary: boolean
  /** Probability of the second class from which on it is the answer; ½ when left out. */
  threshold?: number | null | undefined
}

/** Where the rows are that are evaluated, spread evenly over all there are. */
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
    this.#counter = counterOf(coding, options, rows.count)
  }

  /** The next row. */
  add(target: Numbers, output: Numbers): void {
    if (Array.prototype.every.call(output, Number.isFinite)) this.#counter.add(target, output, this.#row)
    else this.#unanswered++
    this.#row++
  }

  result(): Evaluation {
    return this.#counter.result({ ...this.rows, unanswered: this.#unanswered })
  }
}

function counterOf(coding: TargetCoding, options: EvaluatorOptions, count: number): Counter {
  const { loss, lastActivation, isBinary, threshold } = options
  const answers: Answers = { loss, lastActivation, threshold: threshold ?? undefined }
  switch (coding.type) {
    case 'oneHot':
    case 'binary':
      return classCounter(coding.classes, coding, answers, count)
    case 'multiLabel':
      return isBinary ? labelCounter(coding.names, loss) : regressionCounter(coding, count)
    case 'number': {
      const isKnown = coding.binary !== undefined
      const tellsApart = isKnown
        ? accuracyOfTargets(coding, loss, lastActivation) !== 'none'
        : !isRegression(loss)
      if (!isBinary || !tellsApart) return regressionCounter(coding, count)
      if (coding.names.length === 1) return classCounter(['0', '1'], coding, answers, count)
      const isOneHot = accuracyOfTargets(coding, loss, lastActivation) === 'argmax'
      return isOneHot ? classCounter(coding.names, coding, answers, count) : labelCounter(coding.names, loss)
    }
    default:
      return coding satisfies never
  }
}
