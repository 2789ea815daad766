/** Sizes small enough to be passed in a test, and times that a busy machine does not reach. */
import type { ReadingLimits } from '../../src/datasets/reading/limits.js'

export const readingLimits: ReadingLimits = {
  unpackedBytes: 16 * 1024 * 1024,
  rows: 10_000,
  columns: 1_000,
  lineBytes: 16_384,
  cellLength: 1_000,
  imagePixels: 1_000_000,
  archiveEntries: 100,
  uploadSeconds: 120,
  readingSeconds: 120,
  memoryBytes: 512 * 1024 * 1024,
}
