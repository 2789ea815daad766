/** Binary classification at a threshold: counts, metrics, and the ROC and precision–recall curves. */
import type { Evaluation } from './api/types.js'
import type { CurvePoint } from './draw/threshold-curve.js'

export type TwoClasses = NonNullable<Extract<Evaluation, { type: 'classification' }>['twoClasses']>
export type Counts = Omit<TwoClasses['thresholds'][number], 'threshold'>

/** Counts at the smallest listed threshold that is at least `threshold`. The same rows are predicted positive. */
export function countsAt(thresholds: TwoClasses['thresholds'], threshold: number): Counts {
  const index = thresholdIndex(thresholds, threshold)
  if (index >= 0) {
    const { truePositives, falsePositives, trueNegatives, falseNegatives } = thresholds[
      index
    ] as TwoClasses['thresholds'][number]
    return { truePositives, falsePositives, trueNegatives, falseNegatives }
  }
  const [positives, negatives] = countClasses(thresholds)
  return { truePositives: 0, falsePositives: 0, trueNegatives: negatives, falseNegatives: positives }
}

/** Index of that threshold in the descending list, or −1 if all are below. */
export function thresholdIndex(thresholds: TwoClasses['thresholds'], threshold: number): number {
  return thresholds.findLastIndex((listed) => listed.threshold >= threshold)
}

function countClasses([first]: TwoClasses['thresholds']): [positives: number, negatives: number] {
  if (first === undefined) return [0, 0]
  return [first.truePositives + first.falseNegatives, first.falsePositives + first.trueNegatives]
}

/** As in scikit-learn. A ratio with denominator 0 is 0. */
export function computeMetrics({ truePositives, falsePositives, trueNegatives, falseNegatives }: Counts) {
  const all = truePositives + falsePositives + trueNegatives + falseNegatives
  const precision = ratio(truePositives, truePositives + falsePositives)
  const recall = ratio(truePositives, truePositives + falseNegatives)
  return {
    precision,
    recall,
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    accuracy: ratio(truePositives + trueNegatives, all),
    falsePositiveRate: ratio(falsePositives, falsePositives + trueNegatives),
  }
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)

/** Points (false positive rate, recall), by descending threshold. */
export function rocPoints(thresholds: TwoClasses['thresholds']): CurvePoint[] {
  const points = thresholds.map((counts): CurvePoint => {
    const { falsePositiveRate, recall } = computeMetrics(counts)
    return [falsePositiveRate, recall]
  })
  return [[0, 0], ...points, [1, 1]]
}

/** Points (recall, precision), by descending threshold. */
export function precisionRecallPoints(thresholds: TwoClasses['thresholds']): CurvePoint[] {
  const points = thresholds.map((counts): CurvePoint => {
    const { precision, recall } = computeMetrics(counts)
    return [recall, precision]
  })
  const [first] = points
  return first === undefined ? [] : [[0, first[1]], ...points]
}

/** Fraction of positive rows, which is the precision of a random classifier. */
export function positiveFraction(thresholds: TwoClasses['thresholds']): number {
  const [positives, negatives] = countClasses(thresholds)
  return ratio(positives, positives + negatives)
}
