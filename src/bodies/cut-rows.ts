/** Cuts inline rows after the first wrong ones, because validating 100,000 wrong rows takes seconds. */
import { maximumItems } from './validate.js'

/** Changes only a job that is invalid, and keeps as many wrong rows as are reported. */
export function cutWrongRows(job: unknown): void {
  if (!isObject(job) || !isObject(job.dataset)) return
  for (const rows of [job.dataset.x, job.dataset.y]) {
    if (!Array.isArray(rows)) continue
    const wrong = rows.findIndex((row) => !isRow(row))
    if (wrong >= 0) rows.length = Math.min(rows.length, wrong + maximumItems)
  }
}

const isRow = (row: unknown) =>
  typeof row === 'number' || (Array.isArray(row) && row.every((cell) => typeof cell === 'number'))

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
