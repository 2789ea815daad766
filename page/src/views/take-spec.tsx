/** Starts a job from the spec of an earlier one, such as the best point of a sweep, or from that of a workshop. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { JobRequest } from '../api/types.js'
import { TextAreaField } from '../components/field.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { go } from '../router.js'
import { Estimate, useValidation } from './estimate.js'

/** In place of a job's id in the address: the spec is that of the workshop. */
export const startingSpec = 'workshop'

export function TakeSpecView({ job }: { job: string }) {
  const { value, error } = useQuery(job, (client) => client.request('GET /jobs/{id}', { path: { id: job } }))
  return (
    <section>
      <div class="heading">
        <Heading>New job</Heading>
      </div>
      <ErrorNotice error={error} />
      {value !== null ? (
        <SpecForm key={job} spec={value.spec} isOfSweep={value.sweep !== null} />
      ) : error === null ? (
        <p class="waiting">Loading the spec …</p>
      ) : null}
    </section>
  )
}

/** The starting spec of the workshop that the key joined. */
export function TakeStartingSpecView() {
  const { value, error } = useQuery('workshop', (client) => client.request('GET /workshop'))
  return (
    <section>
      <div class="heading">
        <Heading>New job</Heading>
      </div>
      <ErrorNotice error={error} />
      {value === null ? (
        error === null ? (
          <p class="waiting">Loading the spec …</p>
        ) : null
      ) : value.spec === null ? (
        <p class="notice">The workshop no longer has a starting spec.</p>
      ) : (
        <SpecForm spec={value.spec} isOfSweep={false} />
      )}
    </section>
  )
}

function SpecForm({ spec, isOfSweep }: { spec: object; isOfSweep: boolean }) {
  const [text, setText] = useState(() => JSON.stringify(spec, null, 2))
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setSending] = useState(false)
  const request = readRequest(text)
  const validation = useValidation(request instanceof SyntaxError ? null : request)
  const start = async (event: Event) => {
    event.preventDefault()
    if (request instanceof SyntaxError) return
    setSending(true)
    try {
      go('runs', (await client.jobs.create(request)).id)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setSending(false)
  }
  const error = problem ?? validation.error
  return (
    <form class="columns form" onSubmit={start} noValidate>
      <div class="card">
        <h2>Spec</h2>
        <TextAreaField
          label="The job, as JSON"
          rows={18}
          value={text}
          error={request instanceof SyntaxError ? `This is not JSON: ${request.message}` : undefined}
          onChange={(next) => {
            setText(next)
            setProblem(null)
          }}
        />
      </div>
      <div class="card">
        <h2>Training</h2>
        {isOfSweep ? (
          <p class="notice">
            The validation rows chose this spec among many, so its score on them is too good. Evaluate the
            model on rows that no trial has seen: those of <code>testSplit</code>, or another file.
          </p>
        ) : null}
        <ErrorNotice error={error} />
        <Estimate
          validation={error === null ? validation.value : null}
          waiting={error === null && !(request instanceof SyntaxError)}
        />
        <div class="actions">
          <button
            type="submit"
            class="primary large"
            disabled={isSending || request instanceof SyntaxError || error !== null}
          >
            <Icon name="play" /> {isSending ? 'Starting …' : 'Start training'}
          </button>
        </div>
      </div>
    </form>
  )
}

function readRequest(text: string): JobRequest | SyntaxError {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}
