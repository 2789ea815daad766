/** The form for a new job: data, network, training and the estimate of the service. */
import { useEffect, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Dataset, JobRequest } from '../api/types.js'
import { Code } from '../components/code.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { go, link } from '../router.js'
import { setBaseRequest } from '../sweeps/base-request.js'
import { bestOfMany } from '../sweeps/best-of-many.js'
import { Estimate, useValidation } from './estimate.js'
import { DataCard } from './job-data.js'
import { emptyForm, formFor, type JobForm, requestFrom } from './job-form.js'
import { NetworkCard, notJson } from './job-network.js'
import { TrainingFields } from './job-training.js'
import { curlCommand } from './request-card.js'
import { UploadReview } from './upload-review.js'

/** JSON pointers whose errors are shown at a field. */
const commonFields = [
  '/dataset',
  '/name',
  '/split',
  '/validationSplit',
  '/validationDataset',
  '/classWeight',
  '/targetScaling',
  '/augmentation',
  '/derivedFeatures',
  '/seed',
]
const readerFields = ['/epochs', '/batchSize', '/optimizer', '/l1', '/network', '/earlyStopping']

export function NewJobView({ dataset: initial }: { dataset: string }) {
  const list = useQuery('datasets', (client) => client.request('GET /datasets', { query: { limit: 100 } }))
  const [uploaded, setUploaded] = useState<readonly Dataset[]>([])
  const [files, setFiles] = useState<readonly File[]>([])
  const [chosen, setChosen] = useState(initial === '' ? 'iris' : initial)
  const [form, setForm] = useState<JobForm>(emptyForm)
  const [startError, setStartError] = useState<Problem | null>(null)
  const datasets = [...uploaded, ...(list.value?.data ?? [])]
  const dataset = datasets.find(({ id }) => id === chosen)
  const change = (part: Partial<JobForm>) => {
    setForm((before) => ({ ...before, ...part }))
    setStartError(null)
  }
  useEffect(() => {
    if (dataset !== undefined) setForm((before) => formFor(dataset, before))
    setStartError(null)
  }, [dataset?.id])
  const request = dataset === undefined ? null : requestOrSyntaxError(form, dataset)
  const validation = useValidation(request instanceof SyntaxError ? null : request)
  const problem = startError ?? validation.error
  // While a validation is pending, show the previous one if it is for the same dataset.
  const latest = validation.latest?.spec.dataset === chosen ? validation.latest : null
  const { sending, start } = useStart(request, setStartError)
  const search = useSearch(setStartError)
  const errorAt = (field: string) =>
    problem?.errors.find(({ pointer }) => pointer === field || pointer.startsWith(`${field}/`))?.message
  const addUploaded = (created: Dataset) => setUploaded((before) => [created, ...before])

  return (
    <section>
      <div class="heading">
        <Heading>New job</Heading>
      </div>
      <ErrorNotice error={list.error} />
      {hasNoField(problem, form) ? <ErrorNotice error={problem} /> : null}
      {files.length === 0 ? null : (
        <UploadReview
          key={files.map(({ name, size, lastModified }) => `${name} ${size} ${lastModified}`).join()}
          files={files}
          onCancel={() => setFiles([])}
          onStored={(created, next) => {
            addUploaded(created)
            setChosen(created.id)
            setFiles([])
            if (next === 'search') void search.start(created)
          }}
        />
      )}
      <form class="columns form" hidden={files.length > 0} onSubmit={start} noValidate>
        <DataCard
          datasets={datasets}
          dataset={dataset}
          chosen={chosen}
          error={errorAt('/dataset')}
          isSearching={search.isSending}
          onChoose={setChosen}
          onFiles={setFiles}
          onSearch={search.start}
        />
        <NetworkCard
          form={form}
          dataset={dataset}
          request={request}
          validation={problem === null ? latest : null}
          change={change}
          errorAt={errorAt}
        />
        <div class="card">
          <h2>Training</h2>
          {dataset === undefined ? null : (
            <TrainingFields
              form={form}
              dataset={dataset}
              datasets={datasets}
              spec={validation.value?.spec ?? null}
              change={change}
              errorAt={errorAt}
              onDataset={addUploaded}
            />
          )}
          <Estimate
            validation={problem === null ? validation.value : null}
            waiting={problem === null && !(request instanceof SyntaxError)}
          />
          <StartButton request={request} sending={sending} />
        </div>
      </form>
    </section>
  )
}

/** Whether no field shows the error. */
function hasNoField(problem: Problem | null, { chosenBy }: JobForm): boolean {
  if (problem === null) return false
  const pointers = chosenBy === 'reader' ? [...commonFields, ...readerFields] : commonFields
  return !problem.errors.some(({ pointer }) => pointers.some((field) => pointer.startsWith(field)))
}

function requestOrSyntaxError(form: JobForm, dataset: Dataset): JobRequest | SyntaxError {
  try {
    return requestFrom(form, dataset)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

type Request = JobRequest | SyntaxError | null

function useStart(request: Request, onError: (error: Problem) => void) {
  const [sending, setSending] = useState(false)
  const start = async (event: Event) => {
    event.preventDefault()
    if (request === null || request instanceof SyntaxError) return
    setSending(true)
    try {
      const { id } = await client.jobs.create(request)
      go('runs', id)
    } catch (error) {
      onError(toProblem(error))
    }
    setSending(false)
  }
  return { sending, start }
}

/** Starts the sweep that finds a spec for a dataset, and opens it. */
function useSearch(onError: (error: Problem) => void) {
  const [isSending, setSending] = useState(false)
  const start = async (dataset: Dataset) => {
    setSending(true)
    try {
      const { id } = await client.sweeps.create(bestOfMany(dataset))
      go('sweeps', id)
    } catch (error) {
      onError(toProblem(error))
    }
    setSending(false)
  }
  return { isSending, start }
}

function StartButton({ request, sending }: { request: Request; sending: boolean }) {
  return (
    <>
      <div class="actions">
        <button
          type="submit"
          class="primary large"
          disabled={sending || request === null || request instanceof SyntaxError}
        >
          <Icon name="play" /> {sending ? 'Starting …' : 'Start training'}
        </button>
        {request === null || request instanceof SyntaxError ? null : (
          <a class="button large" href={link('new-sweep')} onClick={() => setBaseRequest(request)}>
            Sweep around this
          </a>
        )}
      </div>
      {request === null ? null : (
        <details>
          <summary>Request</summary>
          <Code
            text={request instanceof SyntaxError ? notJson(request) : curlCommand(request)}
            label="Request that starts this job"
          />
        </details>
      )}
    </>
  )
}
