/** What a job would be, before it is queued: the service is asked whenever the form has come to rest. */
import { post } from '../api/client.js'
import type { JobRequest, JobValidation } from '../api/types.js'
import { bytes, duration, short, whole } from '../format.js'
import { type QueryResult, useQuery, useDebounced } from '../components/use-query.js'
import { FigureList } from '../components/figure-list.js'

/** Without a change, until the service is query. */
const debounceMilliseconds = 300

export function useValidation(request: JobRequest | null): QueryResult<JobValidation> {
  const now = request === null ? null : JSON.stringify(request)
  const debounced = useDebounced(now, debounceMilliseconds)
  return useQuery(debounced, () => post('/jobs/validate', JSON.parse(debounced ?? 'null')))
}

/** @param waiting the form may be right: the service has been query. */
export function Estimate({ validation, waiting }: { validation: JobValidation | null; waiting: boolean }) {
  const figures: [string, string][] =
    validation === null
      ? []
      : [
          ['Time', `about ${duration(1_000 * validation.estimatedSeconds)}`],
          ['Parameters', whole(validation.parameters)],
          ['Memory', bytes(validation.arenaBytes)],
          ['Steps per epoch', whole(validation.stepsPerEpoch)],
          ['Operations per epoch', short(validation.flopsPerEpoch)],
        ]
  return (
    <section class="estimate" aria-label="Estimate" aria-live="polite">
      {validation === null ? (
        <p class="hint">
          {waiting ? 'Asking what it takes …' : 'What it takes is told here when the form is right.'}
        </p>
      ) : (
        <FigureList figures={figures} small />
      )}
    </section>
  )
}
