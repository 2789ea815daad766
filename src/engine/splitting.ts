/** Which rows train and which validate. */
import { permute, streamKey } from './rng.js'

/** Rows of each part: round(rows · share) validate, but at least one trains. */
export function splitSizes(rows: number, share: number): { training: number; validation: number } {
  const validation = Math.max(0, Math.min(Math.round(rows * share), rows - 1))
  return { training: rows - validation, validation }
}

/**
 * Divides rows 0 … rows − 1 by a seeded permutation (stream splitting); both parts in ascending order, so that
 * sequential sampling keeps the order of the data.
 * @param share of the rows that validate, 0 … 1.
 */
export function splitRows(
  rows: number,
  share: number,
  seed: number,
): { training: Int32Array; validation: Int32Array } {
  const order = new Int32Array(rows)
  permute(order, streamKey(seed, 'splitting'), 0)
  const { training } = splitSizes(rows, share)
  return { training: order.slice(0, training).sort(), validation: order.slice(training).sort() }
}

/**
 * The same within each class: every class gives its share of the rows that validate, rounded so that their number is
 * that of splitSizes (largest remainder first), and keeps a row to train on.
 * @param classes of each row, from 0
 */
export function splitStratified(
  classes: Int32Array,
  share: number,
  seed: number,
): { training: Int32Array; validation: Int32Array } {
  const rows = classes.length
  const order = new Int32Array(rows)
  permute(order, streamKey(seed, 'splitting'), 0)
  const wanted = validationRowsOfClasses(classes, splitSizes(rows, share).validation)
  const isHeld = new Uint8Array(rows)
  for (const row of order) {
    if (wanted[classes[row]] < 1) continue
    wanted[classes[row]] -= 1
    isHeld[row] = 1
  }
  order.sort()
  return {
    training: order.filter((row) => isHeld[row] === 0),
    validation: order.filter((row) => isHeld[row] === 1),
  }
}

/** How many rows of each class validate, `validation` together. */
function validationRowsOfClasses(classes: Int32Array, validation: number): number[] {
  const rows: number[] = []
  for (const one of classes) rows[one] = (rows[one] ?? 0) + 1
  const counts = Array.from(rows, (count = 0) => count)
  const exact = counts.map((count) => (count * validation) / classes.length)
  const wanted = exact.map((share, one) => Math.min(Math.floor(share), Math.max(0, counts[one] - 1)))
  let left = validation - wanted.reduce((sum, count) => sum + count, 0)
  const byRemainder = [...counts.keys()].sort(
    (a, b) => exact[b] - wanted[b] - (exact[a] - wanted[a]) || a - b,
  )
  // Only where there are fewer other rows does a class give its last one.
  for (const kept of [1, 0]) {
    while (left > 0) {
      const open = byRemainder.filter((one) => wanted[one] < counts[one] - kept).slice(0, left)
      if (open.length === 0) break
      for (const one of open) wanted[one] += 1
      left -= open.length
    }
  }
  return wanted
}

/**
 * The rows of each fold, in ascending order: a seeded permutation, dealt out class by class, so that folds differ by
 * one row at most, and in each class by one row at most.
 * @param classes of each row; null where rows have none
 */
export function foldsOf(
  { rows, folds, seed }: { rows: number; folds: number; seed: number },
  classes: Int32Array | null,
): Int32Array[] {
  const order = new Int32Array(rows)
  permute(order, streamKey(seed, 'splitting'), 0)
  const sorted = classes === null ? order : order.toSorted((a, b) => classes[a] - classes[b])
  return Array.from({ length: folds }, (_, fold) =>
    sorted.filter((_, place) => place % folds === fold).sort(),
  )
}
