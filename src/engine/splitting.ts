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
