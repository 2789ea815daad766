/** A form for a new job: data by choice or by dropping a file, a network, and what the service says of it. */
import { useEffect, useState } from 'preact/hooks'
import { get, post, type ApiError } from '../api/client.js'
import type { Dataset, JobRequest } from '../api/types.js'
import { toApiError, useQuery } from '../components/use-query.js'
import { Code } from '../components/code.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { go } from '../router.js'
import { Estimate, useValidation } from './estimate.js'
import { DataCard } from './job-data.js'
import { emptyForm, formFor, type JobForm, requestFrom } from './job-form.js'
import { NetworkCard, notJson } from './job-network.js'
import { TrainingFields } from './job-training.js'
import { curlCommand } from './request-card.js'
import { UploadReview } from './upload-review.js'

/** Places of a request that have a field, where what is wrong with them is said. */
const known = [
  '/dataset',
  '/name',
  '/split',
  '/validationSplit',
  '/validationDataset',
  '/classWeight',
  '/targetScaling',
  '/seed',
]
const readerFields = ['/epochs', '/batchSize', '/optimizer', '/network', '/earlyStopping']

export function NewJobView({ dataset: wanted }: { dataset: string }) {
  const list = useQuery('datasets', () => get('/datasets', { query: { limit: 100 } }))
  const [uploaded, setUploaded] = useState<readonly Dataset[]>([])
  const [files, setFiles] = useState<readonly File[]>([])
  const [chosen, setChosen] = useState(wanted === '' ? 'iris' : wanted)
  const [form, setForm] = useState<JobForm>(emptyForm)
  const [refused, setRefused] = useState<ApiError | null>(null)
  const datasets = [...uploaded, ...(list.value?.data ?? [])]
  const dataset = datasets.find(({ id }) => id === chosen)
  const change = (part: Partial<JobForm>) => {
    setForm((before) => ({ ...before, ...part }))
    setRefused(null)
  }
  useEffect(() => {
    if (dataset !== undefined) setForm((before) => formFor(dataset, before))
    setRefused(null)
  }, [dataset?.id])
  const request = dataset === undefined ? null : requestOrFault(form, dataset)
  const validation = useValidation(request instanceof SyntaxError ? null : request)
  const problem = refused ?? validation.error
  // While another question waits, what was said of the same data still tells something.
  const latest = validation.latest?.spec.dataset === chosen ? validation.latest : null
  const { sending, start } = useStart(request, setRefused)
  const errorAt = (place: string) =>
    problem?.errors.find(({ pointer }) => pointer === place || pointer.startsWith(`${place}/`))?.message
  const remember = (made: Dataset) => setUploaded((before) => [made, ...before])

  return (
    <section>
      <div class="heading">
        <Heading>New job</Heading>
      </div>
      <ErrorNotice error={list.error} />
      {isElsewhere(problem, form) ? <ErrorNotice error={problem} /> : null}
      {files.length === 0 ? null : (
        <UploadReview
          key={files.map(({ name, size, lastModified }) => `${name} ${size} ${lastModified}`).join()}
          files={files}
          onCancel={() => setFiles([])}
          onStored={(made) => {
            remember(made)
            setChosen(made.id)
            setFiles([])
          }}
        />
      )}
      <form class="columns form" hidden={files.length > 0} onSubmit={start} noValidate>
        <DataCard
          datasets={datasets}
          dataset={dataset}
          chosen={chosen}
          error={errorAt('/dataset')}
          onChoose={setChosen}
          onFiles={setFiles}
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
              onDataset={remember}
            />
          )}
          <Estimate
            validation={problem === null ? validation.value : null}
            waiting={problem === null && !(request instanceof SyntaxError)}
          />
          <Start request={request} sending={sending} />
        </div>
      </form>
    </section>
  )
}

/** Whether what is wrong has no field on the page that says it. */
function isElsewhere(problem: ApiError | null, { chosenBy }: JobForm): boolean {
  if (problem === null) return false
  const places = chosenBy === 'reader' ? [...known, ...readerFields] : known
  return !problem.errors.some(({ pointer }) => places.some((place) => pointer.startsWith(place)))
}

function requestOrFault(form: JobForm, dataset: Dataset): JobRequest | SyntaxError {
  try {
    return requestFrom(form, dataset)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

type Request = JobRequest | SyntaxError | null

function useStart(request: Request, onRefused: (error: ApiError) => void) {
  const [sending, setSending] = useState(false)
  const start = async (event: Event) => {
    event.preventDefault()
    if (request === null || request instanceof SyntaxError) return
    setSending(true)
    try {
      const { id } = await post('/jobs', request)
      go('runs', id)
    } catch (error) {
      onRefused(toApiError(error))
    }
    setSending(false)
  }
  return { sending, start }
}

function Start({ request, sending }: { request: Request; sending: boolean }) {
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
      </div>
      {request === null ? null : (
        <details>
          <summary>The request</summary>
          <Code
            text={request instanceof SyntaxError ? notJson(request) : curlCommand(request)}
            label="Request that starts this job"
          />
        </details>
      )}
    </>
  )
}
