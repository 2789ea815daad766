/** The form for a new sweep: a spec, the parameters that vary, and how they are searched. */
import { useState } from 'preact/hooks'
import { type ApiError, get, post } from '../api/client.js'
import type { JobSpec } from '../api/types.js'
import { NumberField, SelectField, TextAreaField, TextField } from '../components/field.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { toApiError, useQuery } from '../components/use-query.js'
import { plural } from '../format.js'
import { go } from '../router.js'
import { baseRequest } from '../sweeps/base-request.js'
import {
  commonRows,
  countTrials,
  emptyRow,
  type ParameterRow,
  type SweepForm,
  sweepRequest,
  withRow,
} from '../sweeps/form.js'
import { metricTitle } from '../sweeps/names.js'
import { ParameterFields } from './sweep-parameter.js'

/** @param job id of the run to sweep around; empty for the last form of a new job */
export function NewSweepView({ job }: { job: string }) {
  const base = useQuery(job === '' ? 'form' : job, async () =>
    job === ''
      ? (await post('/jobs/validate', baseRequest())).spec
      : (await get('/jobs/{id}', { id: job })).spec,
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
    metric: hasValidation ? 'valLoss' : 'loss',
    seeds: 1,
  }
}

function SweepFields({ base }: { base: JobSpec }) {
  const [form, setForm] = useState(() => firstForm(base))
  const [problem, setProblem] = useState<ApiError | SyntaxError | null>(null)
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
      const { id } = await post('/sweeps', sweepRequest(form))
      go('sweeps', id)
    } catch (error) {
      setProblem(error instanceof SyntaxError ? error : toApiError(error))
    }
    setSending(false)
  }
  return (
    <>
      {problem === null || problem instanceof SyntaxError || isAtField(problem) ? null : (
        <ErrorNotice error={problem} />
      )}
      <form class="columns form" onSubmit={start} noValidate>
        <Parameters form={form} common={commonRows(base)} change={change} errorAt={errorAt} />
        <div class="card">
          <h2>Search</h2>
          <SearchFields form={form} change={change} errorAt={errorAt} />
          <StartButton form={form} isSending={isSending} />
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

function findError(problem: ApiError | SyntaxError | null, field: string): string | undefined {
  if (problem === null || problem instanceof SyntaxError) return undefined
  const found = problem.errors.find(({ pointer }) => pointer === field || pointer.startsWith(`${field}/`))
  if (found === undefined) return undefined
  return found.pointer === field ? found.message : `${found.pointer.slice(field.length)}: ${found.message}`
}

/** Whether a field shows the error. */
function isAtField({ errors }: ApiError): boolean {
  const fields = /^\/(name|metric|seeds|search|spec|parameters\/\d+)(\/|$)/
  return errors.length > 0 && errors.every(({ pointer }) => fields.test(pointer))
}

interface PartProps {
  form: SweepForm
  change(part: Partial<SweepForm>): void
  errorAt(field: string): string | undefined
}

const parameterFields = ['values', 'min', 'max', 'steps'] as const

function Parameters({ form, common, change, errorAt }: PartProps & { common: readonly ParameterRow[] }) {
  const { rows } = form
  const changeRow = (index: number, part: Partial<ParameterRow>) => {
    const suggested = common.find(({ path }) => path === part.path)
    change({ rows: rows.map((row, at) => (at === index ? { ...row, ...suggested, ...part } : row)) })
  }
  const next = common.find(({ path }) => rows.every((row) => row.path !== path)) ?? emptyRow
  return (
    <div class="card">
      <h2>Parameters</h2>
      {rows.map((row, index) => (
        <ParameterFields
          key={index}
          number={index + 1}
          row={row}
          search={form.search}
          places={common.map(({ path }) => path)}
          onChange={(part) => changeRow(index, part)}
          onRemove={() => change({ rows: rows.filter((_, at) => at !== index) })}
          errorAt={(field) => {
            const pointer = `/parameters/${index}`
            const own = errorAt(`${pointer}/${field}`)
            // Errors of the whole parameter are shown at its path.
            const isElsewhere = parameterFields.some((each) => errorAt(`${pointer}/${each}`) !== undefined)
            return own ?? (field === 'path' && !isElsewhere ? errorAt(pointer) : undefined)
          }}
        />
      ))}
      {errorAt('/parameters') === undefined || rows.length > 0 ? null : (
        <small class="wrong" role="alert">
          {errorAt('/parameters')}
        </small>
      )}
      <div class="actions">
        <button type="button" onClick={() => change({ rows: withRow(rows, next) })}>
          <Icon name="plus" /> Add parameter
        </button>
      </div>
    </div>
  )
}

function SearchFields({ form, change, errorAt }: PartProps) {
  return (
    <div class="pair">
      <SelectField
        label="Search"
        value={form.search}
        error={form.search === 'grid' ? errorAt('/search') : undefined}
        onChange={(search) => change({ search })}
        options={[
          ['grid', 'grid: all combinations'],
          ['random', 'random points'],
          ['tpe', 'tpe: points that learn from results'],
        ]}
      />
      {form.search === 'grid' ? null : (
        <NumberField
          label="Points"
          value={form.points}
          min={1}
          step={1}
          error={errorAt('/search')}
          onChange={(points) => change({ points })}
        />
      )}
      <SelectField
        label="Metric"
        value={form.metric}
        error={errorAt('/metric')}
        onChange={(metric) => change({ metric })}
        options={(['valLoss', 'valAccuracy', 'loss', 'accuracy'] as const).map((metric) => [
          metric,
          metricTitle(metric),
        ])}
      />
      <NumberField
        label="Seeds per point"
        value={form.seeds}
        min={1}
        max={100}
        step={1}
        error={errorAt('/seeds')}
        onChange={(seeds) => change({ seeds })}
      />
      <TextField
        label="Name"
        value={form.name}
        placeholder="optional"
        error={errorAt('/name')}
        onChange={(name) => change({ name })}
      />
    </div>
  )
}

function StartButton({ form, isSending }: { form: SweepForm; isSending: boolean }) {
  const trials = countTrials(form)
  return (
    <>
      <p aria-live="polite">
        {Number.isFinite(trials) ? (
          <>
            This sweep has <b>{plural(trials, 'trial')}</b>.
          </>
        ) : (
          'A number is missing.'
        )}
      </p>
      <div class="actions">
        <button type="submit" class="primary large" disabled={isSending || !(trials >= 1)}>
          <Icon name="play" /> {isSending ? 'Starting …' : 'Start sweep'}
        </button>
      </div>
    </>
  )
}
