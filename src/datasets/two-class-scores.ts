/** Scores of rows that are of one of two classes, and what every threshold on them would answer. */
import { type Evaluation, maximumThresholds, type ThresholdCounts } from '../contract/evaluation.js'
import { isTwoClassOutput } from '../contract/network.js'
import type { Answers } from './class-counter.js'
import { leastPositive, placeOfClass } from './prediction.js'

type TwoClasses = NonNullable<(Evaluation & { type: 'classification' })['twoClasses']>

/** Rows with at least this score, of each class. */
interface Step {
  score: number
  positives: number
  negatives: number
}

export class TwoClassScores {
  readonly #answers: Answers
  readonly #scores: Float64Array
  readonly #positive: Uint8Array
  #count = 0
  #outputs = 1

  /** @param count rows at most */
  constructor(answers: Answers, count: number) {
    this.#answers = answers
    this.#scores = new Float64Array(count)
    this.#positive = new Uint8Array(count)
  }

  /** The class, 0 or 1, that these outputs mean; `actual` is the true one. */
  add(actual: number, output: ArrayLike<number>): number {
    this.#outputs = output.length
    const score = this.#scoreOf(output)
    this.#scores[this.#count] = score
    this.#positive[this.#count] = actual
    this.#count += 1
    // Equal probabilities are the second class, in predictions, too.
    if (this.#isProbability) return score >= this.#threshold ? 1 : 0
    return placeOfClass(output, this.#answers.loss)
  }

  /** The probability of the second class; without one what is larger the more the network says so. */
  #scoreOf(output: ArrayLike<number>): number {
    if (output.length === 1) return output[0]
    return this.#isProbability ? output[1] : output[1] - output[0]
  }

  get #isProbability(): boolean {
    return isTwoClassOutput(this.#outputs, this.#answers.lastActivation)
  }

  get #threshold(): number {
    const { threshold = 0.5, loss } = this.#answers
    if (this.#isProbability) return threshold
    return this.#outputs > 1 ? 0 : leastPositive(loss)
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
      thresholds: table(steps, threshold, positives, negatives),
    }
  }

  /** A step for each different score, falling. */
  #steps(): Step[] {
    const order = Array.from({ length: this.#count }, (_, row) => row)
    order.sort((a, b) => this.#scores[b] - this.#scores[a])
    const steps: Step[] = []
    let [positives, negatives] = [0, 0]
    for (const [place, row] of order.entries()) {
      if (this.#positive[row] === 1) positives++
      else negatives++
      const next = order[place + 1]
      if (next === undefined || this.#scores[next] !== this.#scores[row]) {
        steps.push({ score: this.#scores[row], positives, negatives })
      }
    }
    return steps
  }
}

/** Trapezoids below the curve of the true positive rate over the false positive rate (Fawcett 2006, algorithm 2). */
function areaUnderRoc(steps: readonly Step[], positives: number, negatives: number): number {
  let area = 0
  let before = { positives: 0, negatives: 0 }
  for (const step of steps) {
    area += ((step.negatives - before.negatives) * (step.positives + before.positives)) / 2
    before = step
  }
  return area / positives / negatives
}

/**
 * Σ (Rₙ − Rₙ₋₁) Pₙ, as scikit-learn's average_precision_score. Rows are summed before they become a share, since a
 * sum of shares can be rounded to more than 1.
 */
function averagePrecision(steps: readonly Step[], positives: number): number {
  let total = 0
  let before = 0
  for (const step of steps) {
    total += (step.positives - before) * (step.positives / (step.positives + step.negatives))
    before = step.positives
  }
  return total / positives
}

/** Some of the steps, the first and the last among them, and the threshold in force. */
function table(
  steps: readonly Step[],
  inForce: number,
  positives: number,
  negatives: number,
): ThresholdCounts[] {
  const wanted = Math.min(steps.length, maximumThresholds - 1)
  const chosen = Array.from({ length: wanted }, (_, place) => {
    return steps[wanted === 1 ? 0 : Math.round((place * (steps.length - 1)) / (wanted - 1))]
  })
  const rows = chosen.map(({ score, ...counts }) => ({ threshold: score, ...counts }))
  if (!rows.some(({ threshold }) => threshold === inForce)) {
    const reached = steps.findLast(({ score }) => score >= inForce)
    rows.push({ threshold: inForce, positives: reached?.positives ?? 0, negatives: reached?.negatives ?? 0 })
    rows.sort((a, b) => b.threshold - a.threshold)
  }
  return rows.map(({ threshold, ...found }) => ({
    threshold,
    truePositives: found.positives,
    falsePositives: found.negatives,
    trueNegatives: negatives - found.negatives,
    falseNegatives: positives - found.positives,
  }))
}
