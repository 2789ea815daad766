import { defaultParallelism, sweepRequestSchema } from '../../src/contract/sweep.js'
import type { SweepDefinition } from '../../src/training/ports/sweeps.js'

/** What a sweep of the request stores. */
export function sweepDefinition(request: object, epochs = 100): SweepDefinition {
  const { name: _, ...parsed } = sweepRequestSchema.parse(request)
  const { parallelism = defaultParallelism(parsed) } = parsed
  return { ...parsed, parallelism, seed: 1, epochs }
}
