/** What a threshold on the probability of the second class does: counts, the figures by them, and the curves over all. */
import type { Evaluation } from './api/types.js'
import type { Spot } from './draw/threshold-curve.js'

export type TwoClasses = NonNullable<Extract<Evaluation, { type: 'classification' }>['twoClasses']>
export type Counts = Omit<TwoClasses['thresholds'][number], 'threshold'>

/** Of the least listed threshold that is not below: the rows from there on up are the same. */
export function countsAt(thresholds: TwoClasses['thresholds'], threshold: number): Counts {
  const place = placeAt(thresholds, threshold)
  if (place >= 0) {
    const { truePositives, falsePositives, trueNegatives, falseNegatives } = thresholds[
      place
    ] as TwoClasses['thresholds'][number]
    return { truePositives, falsePositives, trueNegatives, falseNegatives }
  }
  const [positives, negatives] = countClasses(thresholds)
  return { truePositives: 0, falsePositives: 0, trueNegatives: negatives, falseNegatives: positives }
}

/** Place of that threshold in the falling list; −1 where every listed one is below. */
export function placeAt(thresholds: TwoClasses['thresholds'], threshold: number): number {
  return thresholds.findLastIndex((each) => each.threshold >= threshold)
}

function countClasses([first]: TwoClasses['thresholds']): [positives: number, negatives: number] {
  if (first === undefined) return [0, 0]
  return [first.truePositives + first.falseNegatives, first.falsePositives + first.trueNegatives]
}

/** By the definitions of scikit-learn: 0 where nothing is divided by. */
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

/** False positive rate across, recall upwards, from no row answered with the positive class to all. */
export function rocSpots(thresholds: TwoClasses['thresholds']): Spot[] {
  const spots = thresholds.map((counts): Spot => {
    const { falsePositiveRate, recall } = computeMetrics(counts)
    return [falsePositiveRate, recall]
  })
  return [[0, 0], ...spots, [1, 1]]
}

/** Recall across, precision upwards. */
export function precisionRecallSpots(thresholds: TwoClasses['thresholds']): Spot[] {
  const spots = thresholds.map((counts): Spot => {
    const { precision, recall } = computeMetrics(counts)
    return [recall, precision]
  })
  const [first] = spots
  return first === undefined ? [] : [[0, first[1]], ...spots]
}

/** Share of the rows that are of the positive class: the precision of an answer by chance. */
export function positiveShare(thresholds: TwoClasses['thresholds']): number {
  const [positives, negatives] = countClasses(thresholds)
  return ratio(positives, positives + negatives)
}
