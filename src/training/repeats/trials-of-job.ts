/** The trials of a job with `repeats` or `folds`: the sweep of one point that repeats its training. */
import { countTrials, hasValidation, isRepeated } from '../../contract/folds.js'
import type { JobRequest } from '../../contract/job-request.js'
import type { JobSpec } from '../../contract/job-spec.js'
import { sweepLimits } from '../../contract/sweep.js'
import { newId } from '../new-id.js'
import type { NewTrials } from '../ports/jobs.js'

/** Null for a job without repeats and folds. */
export function trialsOfJob(
  { repeats, folds, ...spec }: JobSpec,
  { name, priority }: Pick<JobRequest, 'name' | 'priority'>,
): NewTrials | null {
  const counts = { repeats, folds }
  if (!isRepeated(counts)) return null
  const hasFolds = folds !== undefined
  // Without folds, the job is the first of the trials.
  const created = hasFolds ? 0 : 1
  return {
    id: newId('sweep'),
    name: name ?? null,
    trials: created + countTrials(counts),
    created,
    definition: {
      spec: { ...withoutInherited(spec), priority },
      parameters: [],
      search: { type: 'grid' },
      metric: hasFolds || hasValidation(spec) ? 'valLoss' : 'loss',
      seeds: repeats ?? 1,
      ...(hasFolds ? { folds } : {}),
      parallelism: sweepLimits.parallelism,
      seed: spec.seed,
      epochs: spec.epochs,
    },
  }
}

/** The request that leads to the same training. What a model passes on must be absent from it. */
function withoutInherited({
  inherited = [],
  ...spec
}: Omit<JobSpec, 'repeats' | 'folds'>): Record<string, unknown> {
  const isInherited = (field: string) => inherited.some((each) => each === field)
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !isInherited(field)))
}
