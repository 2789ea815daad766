/** The form for a new sweep: a spec, the parameters that vary, and how they are searched. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { JobSpec } from '../api/types.js'
import { TextAreaField } from '../components/field.js'
import { Heading } from '../components/heading.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { go } from '../router.js'
import { baseRequest } from '../sweeps/base-request.js'
import { commonRows, type SweepForm, sweepRequest } from '../sweeps/form.js'
import { ParameterRows } from './sweep-parameters.js'
import { SearchFields, StartSweep } from './sweep-search.js'

/** @param job id of the run to sweep around; empty for the last form of a new job */
export function NewSweepView({ job }: { job: string }) {
  const base = useQuery(job === '' ? 'form' : job, async (client) =>
    job === ''
      ? (await client.jobs.validate(baseRequest())).spec
      : (await client.request('GET /jobs/{id}', { path: { id: job } })).spec,
  )
  return (
    <section>
      <div class="heading">
        <Heading>New sweep</Heading>
      </div>
      <ErrorNotice error={base.error} />
      {base.value !== null ? (
        <SweepFields base={base.value} />
      ) : base.error === null ? (
        <p class="waiting">Loading the spec …</p>
      ) : null}
    </section>
  )
}

function firstForm(base: JobSpec): SweepForm {
  const hasValidation = base.validationSplit > 0 || base.validationDataset !== undefined
  return {
    name: '',
    spec: JSON.stringify(base, null, 2),
    rows: commonRows(base).slice(0, 1),
    search: 'grid',
    points: 50,
    // With a reduction of 4, two decisions are before the last epoch.
    minimumEpochs: Math.max(1, Math.floor(base.epochs / 16)),
    metric: hasValidation ? 'valLoss' : 'loss',
    seeds: 1,
  }
}

function SweepFields({ base }: { base: JobSpec }) {
  const [form, setForm] = useState(() => firstForm(base))
  const [problem, setProblem] = useState<Problem | SyntaxError | null>(null)
  const [isSending, setSending] = useState(false)
  const change = (part: Partial<SweepForm>) => {
    setForm((before) => ({ ...before, ...part }))
    setProblem(null)
  }
  const errorAt = (field: string) => findError(problem, field)
  const start = async (event: Event) => {
    event.preventDefault()
    setSending(true)
    try {
      const { id } = await client.sweeps.create(sweepRequest(form))
      go('sweeps', id)
    } catch (error) {
      setProblem(error instanceof SyntaxError ? error : toProblem(error))
    }
    setSending(false)
  }
  return (
    <>
      {problem === null || problem instanceof SyntaxError || isAtField(problem) ? null : (
        <ErrorNotice error={problem} />
      )}
      <form class="columns form" onSubmit={start} noValidate>
        <ParameterRows form={form} common={commonRows(base)} change={change} errorAt={errorAt} />
        <div class="card">
          <h2>Search</h2>
          <SearchFields form={form} change={change} errorAt={errorAt} />
          <StartSweep form={form} isSending={isSending} />
        </div>
        <div class="card">
          <h2>Spec</h2>
          <TextAreaField
            label="Every trial starts from this job, as JSON"
            rows={18}
            value={form.spec}
            error={problem instanceof SyntaxError ? `This is not JSON: ${problem.message}` : errorAt('/spec')}
            onChange={(spec) => change({ spec })}
          />
        </div>
      </form>
    </>
  )
}

function findError(problem: Problem | SyntaxError | null, field: string): string | undefined {
  if (problem === null || problem instanceof SyntaxError) return undefined
  const found = problem.errors.find(({ pointer }) => pointer === field || pointer.startsWith(`${field}/`))
  if (found === undefined) return undefined
  return found.pointer === field ? found.message : `${found.pointer.slice(field.length)}: ${found.message}`
}

/** Whether a field shows the error. */
function isAtField({ errors }: Problem): boolean {
  const fields = /^\/(name|metric|seeds|search|spec|parameters\/\d+)(\/|$)/
  return errors.length > 0 && errors.every(({ pointer }) => fields.test(pointer))
}
