/** Shared by conformance tests: the available backends, and the tolerances of float32 against float64. */

import type { Backend } from '../../../src/engine/kernels/backend.js'
import { backends } from '../../../src/engine/kernels/backends.js'

/** All backends, with the reason when one is not available, so that no skip is silent. */
export const registered: readonly { backend: Backend; reason: string | null }[] = backends.map((backend) => {
  const reason = backend.unavailableReason()
  if (reason !== null) console.warn(`The backend ${backend.name} is not tested: ${reason}`)
  return { backend, reason }
})

export interface Tolerance {
  readonly relative: number
  readonly absolute: number
}

export const lossTolerance: Tolerance = { relative: 1e-4, absolute: 1e-6 }
export const weightTolerance: Tolerance = { relative: 1e-3, absolute: 1e-5 }

/** Describes the first value outside absolute + relative · |expected|; null if there is none. */
export function firstDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, absolute }: Tolerance,
): string | null {
  if (actual.length !== expected.length) return `${actual.length} numbers instead of ${expected.length}`
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN))
    if (!(distance <= absolute + relative * Math.abs(expected[i] ?? 0))) {
      return `number ${i} is ${actual[i]} instead of ${expected[i]}`
    }
  }
  return null
}
