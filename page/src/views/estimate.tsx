/** What a job would be, before it is queued: the service is asked whenever the form has come to rest. */
import { useEffect, useState } from 'preact/hooks'
import { post } from '../api/client.js'
import type { JobRequest, JobValidation } from '../api/types.js'
import { bytes, duration, short, whole } from '../format.js'
import { type Asked, useAsked } from '../parts/asking.js'

/** Without a change, until the service is asked. */
const restMilliseconds = 300

export function useValidation(request: JobRequest | null): Asked<JobValidation> {
  const now = request === null ? null : JSON.stringify(request)
  const [rested, setRested] = useState(now)
  useEffect(() => {
    const timer = setTimeout(() => setRested(now), restMilliseconds)
    return () => clearTimeout(timer)
  }, [now])
  return useAsked(rested, () => post('/jobs/validate', JSON.parse(rested ?? 'null')))
}

export function Estimate({ validation }: { validation: JobValidation | null }) {
  const figures: [string, string][] =
    validation === null
      ? []
      : [
          ['Time', `about ${duration(1_000 * validation.estimatedSeconds)}`],
          ['Parameters', whole(validation.parameters)],
          ['Memory', bytes(validation.arenaBytes)],
          ['Steps an epoch', whole(validation.stepsPerEpoch)],
          ['Operations an epoch', short(validation.flopsPerEpoch)],
        ]
  return (
    <section class="estimate" aria-label="Estimate" aria-live="polite">
      {validation === null ? (
        <p class="hint">What it takes is told here when the form is right.</p>
      ) : (
        <dl class="figures small">
          {figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  )
}
