/** Validates the job of the form and shows its estimated cost. */
import type { JobRequest, JobValidation } from '../api/types.js'
import { FigureList } from '../components/figure-list.js'
import { type QueryResult, useDebounced, useQuery } from '../components/use-query.js'
import { bytes, duration, short, whole } from '../format.js'

const debounceMilliseconds = 300

export function useValidation(request: JobRequest | null): QueryResult<JobValidation> {
  const key = request === null ? null : JSON.stringify(request)
  const debounced = useDebounced(key, debounceMilliseconds)
  return useQuery(debounced, (client) => client.jobs.validate(JSON.parse(debounced ?? 'null')))
}

/** @param waiting whether the validation is pending */
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
        <p class="hint">{waiting ? 'Estimating …' : 'The estimate appears when the form is valid.'}</p>
      ) : (
        <FigureList figures={figures} small />
      )}
    </section>
  )
}
