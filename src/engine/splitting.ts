/** Splits rows into training and validation sets and into folds. */
import { permute, streamKey } from './rng.js'

/** Sizes of both sets: round(rows · share) validation rows, but at least one training row. */
export function splitSizes(rows: number, share: number): { training: number; validation: number } {
  const validation = Math.max(0, Math.min(Math.round(rows * share), rows - 1))
  return { training: rows - validation, validation }
}

/** Rows of fold `fold`, from 0, of `splitFolds`: scikit-learn's KFold gives the first folds one row more. */
export const foldSize = (rows: number, folds: number, fold: number): number =>
  Math.ceil((rows - fold) / folds)

/**
 * Splits rows 0 … rows − 1 by a seeded permutation (stream `splitting`). Both sets are in ascending order, so that
 * sequential sampling keeps the order of the data.
 * @param share of validation rows, 0 … 1.
 * @param salt of the stream, for permutations that are independent for the same seed
 */
export function splitRows(
  rows: number,
  share: number,
  seed: number,
  salt = 0,
): { training: Int32Array; validation: Int32Array } {
  const order = new Int32Array(rows)
  permute(order, streamKey(seed, 'splitting', salt), 0)
  const { training } = splitSizes(rows, share)
  return { training: order.slice(0, training).sort(), validation: order.slice(training).sort() }
}

/**
 * A stratified split: every class contributes its share of validation rows and keeps at least one training row. The
 * largest-remainder method rounds the shares to the total of splitSizes.
 * @param classes class of each row, from 0
 */
export function splitStratified(
  classes: Int32Array,
  share: number,
  seed: number,
  salt = 0,
): { training: Int32Array; validation: Int32Array } {
  const rows = classes.length
  const order = new Int32Array(rows)
  permute(order, streamKey(seed, 'splitting', salt), 0)
  const remaining = validationRowsPerClass(countClasses(classes), splitSizes(rows, share).validation)
  const isValidation = new Uint8Array(rows)
  for (const row of order) {
    if (remaining[classes[row]] < 1) continue
    remaining[classes[row]] -= 1
    isValidation[row] = 1
  }
  order.sort()
  return {
    training: order.filter((row) => isValidation[row] === 0),
    validation: order.filter((row) => isValidation[row] === 1),
  }
}

function countClasses(classes: Int32Array): number[] {
  const rows: number[] = []
  for (const label of classes) rows[label] = (rows[label] ?? 0) + 1
  return Array.from(rows, (count = 0) => count)
}

/**
 * Distributes `validation` rows over classes with these numbers of rows.
 * @returns the validation rows of each class
 */
export function validationRowsPerClass(counts: readonly number[], validation: number): number[] {
  const rows = counts.reduce((sum, count) => sum + count, 0)
  const exact = counts.map((count) => (count * validation) / rows)
  const allotted = exact.map((share, label) => Math.min(Math.floor(share), Math.max(0, counts[label] - 1)))
  let left = validation - allotted.reduce((sum, count) => sum + count, 0)
  const byRemainder = [...counts.keys()].sort(
    (a, b) => exact[b] - allotted[b] - (exact[a] - allotted[a]) || a - b,
  )
  // The second round also takes the last training row of a class.
  for (const kept of [1, 0]) {
    while (left > 0) {
      const open = byRemainder.filter((label) => allotted[label] < counts[label] - kept).slice(0, left)
      if (open.length === 0) break
      for (const label of open) allotted[label] += 1
      left -= open.length
    }
  }
  return allotted
}

/**
 * Splits rows into folds by a seeded permutation, class by class; each fold is in ascending order. The sizes of two
 * folds differ by at most one row, in total and in each class.
 * @param classes class of each row; null without classes
 */
export function splitFolds(
  { rows, folds, seed }: { rows: number; folds: number; seed: number },
  classes: Int32Array | null,
): Int32Array[] {
  const order = new Int32Array(rows)
  permute(order, streamKey(seed, 'splitting'), 0)
  const sorted = classes === null ? order : order.toSorted((a, b) => classes[a] - classes[b])
  return Array.from({ length: folds }, (_, fold) =>
    sorted.filter((_, index) => index % folds === fold).sort(),
  )
}
