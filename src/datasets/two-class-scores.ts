/** Collects the scores of rows with two classes, and computes the metrics of each threshold. */
import { type Evaluation, maximumThresholds, type ThresholdCounts } from '../contract/evaluation.js'
import { isTwoClassOutput } from '../contract/network.js'
import type { DecisionOptions } from './class-counter.js'
import { positiveThreshold, predictedClass } from './prediction.js'

type TwoClasses = NonNullable<(Evaluation & { type: 'classification' })['twoClasses']>

/** The number of rows of each class with at least this score. */
interface Step {
  score: number
  positives: number
  negatives: number
}

export class TwoClassScores {
  readonly #options: DecisionOptions
  readonly #scores: Float64Array
  readonly #positive: Uint8Array
  #count = 0
  #outputs = 1

  /** @param count the most rows */
  constructor(options: DecisionOptions, count: number) {
    this.#options = options
    this.#scores = new Float64Array(count)
    this.#positive = new Uint8Array(count)
  }

  /** Adds a row with its true class. Returns the predicted class, 0 or 1. */
  add(actual: number, output: ArrayLike<number>): number {
    this.#outputs = output.length
    const score = this.#score(output)
    this.#scores[this.#count] = score
    this.#positive[this.#count] = actual
    this.#count += 1
    // Equal probabilities mean the second class, as in predictions.
    if (this.#isProbability) return score >= this.#threshold ? 1 : 0
    return predictedClass(output, this.#options.loss)
  }

  /** The probability of the second class, or another number that increases with it. */
  #score(output: ArrayLike<number>): number {
    if (output.length === 1) return output[0]
    return this.#isProbability ? output[1] : output[1] - output[0]
  }

  get #isProbability(): boolean {
    return isTwoClassOutput(this.#outputs, this.#options.lastActivation)
  }

  get #threshold(): number {
    const { threshold = 0.5, loss } = this.#options
    if (this.#isProbability) return threshold
    return this.#outputs > 1 ? 0 : positiveThreshold(loss)
  }

  result(positive: string): TwoClasses {
    const steps = this.#steps()
    const last = steps.at(-1)
    const [positives, negatives] = [last?.positives ?? 0, last?.negatives ?? 0]
    const threshold = this.#threshold
    return {
      positive,
      threshold,
      rocAuc: positives === 0 || negatives === 0 ? null : areaUnderRoc(steps, positives, negatives),
      averagePrecision: positives === 0 ? null : averagePrecision(steps, positives),
      thresholds: sampleThresholds(steps, threshold, positives, negatives),
    }
  }

  /** A step for each distinct score, in descending order. */
  #steps(): Step[] {
    const order = Array.from({ length: this.#count }, (_, row) => row)
    order.sort((a, b) => this.#scores[b] - this.#scores[a])
    const steps: Step[] = []
    let [positives, negatives] = [0, 0]
    for (const [index, row] of order.entries()) {
      if (this.#positive[row] === 1) positives++
      else negatives++
      const next = order[index + 1]
      if (next === undefined || this.#scores[next] !== this.#scores[row]) {
        steps.push({ score: this.#scores[row], positives, negatives })
      }
    }
    return steps
  }
}

/**
 * The trapezoidal area under the true positive rate over the false positive rate (Fawcett 2006, algorithm 2).
 */
function areaUnderRoc(steps: readonly Step[], positives: number, negatives: number): number {
  let area = 0
  let previous = { positives: 0, negatives: 0 }
  for (const step of steps) {
    area += ((step.negatives - previous.negatives) * (step.positives + previous.positives)) / 2
    previous = step
  }
  return area / positives / negatives
}

/**
 * Σ (Rₙ − Rₙ₋₁) Pₙ, like scikit-learn's average_precision_score. Divides after the sum, because a sum of
 * quotients may round to more than 1.
 */
function averagePrecision(steps: readonly Step[], positives: number): number {
  let total = 0
  let previous = 0
  for (const step of steps) {
    total += (step.positives - previous) * (step.positives / (step.positives + step.negatives))
    previous = step.positives
  }
  return total / positives
}

/** An evenly spaced sample of the steps, including the first, the last and the current threshold. */
function sampleThresholds(
  steps: readonly Step[],
  current: number,
  positives: number,
  negatives: number,
): ThresholdCounts[] {
  const length = Math.min(steps.length, maximumThresholds - 1)
  const chosen = Array.from({ length }, (_, index) => {
    return steps[length === 1 ? 0 : Math.round((index * (steps.length - 1)) / (length - 1))]
  })
  const rows = chosen.map(({ score, ...counts }) => ({ threshold: score, ...counts }))
  if (!rows.some(({ threshold }) => threshold === current)) {
    const reached = steps.findLast(({ score }) => score >= current)
    rows.push({ threshold: current, positives: reached?.positives ?? 0, negatives: reached?.negatives ?? 0 })
    rows.sort((a, b) => b.threshold - a.threshold)
  }
  return rows.map(({ threshold, ...predicted }) => ({
    threshold,
    truePositives: predicted.positives,
    falsePositives: predicted.negatives,
    trueNegatives: negatives - predicted.negatives,
    falseNegatives: positives - predicted.positives,
  }))
}
