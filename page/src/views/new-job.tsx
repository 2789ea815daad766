/** A form for a new job: data by choice or by dropping a file, a network by clicks, and what the service says of it. */
import { useEffect, useState } from 'preact/hooks'
import { get, post, type Refusal } from '../api/client.js'
import type { Dataset, JobRequest } from '../api/types.js'
import { plural, short, whole } from '../format.js'
import { toRefusal, useAsked } from '../parts/asking.js'
import { Code } from '../parts/code.js'
import { DropZone } from '../parts/drop-zone.js'
import { NumberField, SelectField, TextField } from '../parts/field.js'
import { Heading } from '../parts/heading.js'
import { Icon } from '../parts/icon.js'
import { NetworkEditor } from '../parts/network-editor.js'
import { RefusalNotice } from '../parts/notice.js'
import { go } from '../router.js'
import { Estimate, useValidation } from './estimate.js'
import {
  emptyForm,
  featuresOf,
  formFor,
  type JobForm,
  outputOf,
  requestFrom,
  targetsOf,
  tasksOf,
} from './job-form.js'
import { curlOf } from './same-again.js'

const known = [
  '/dataset',
  '/name',
  '/epochs',
  '/batchSize',
  '/validationSplit',
  '/seed',
  '/optimizer',
  '/network',
]

export function NewJobView({ dataset: wanted }: { dataset: string }) {
  const list = useAsked('datasets', () => get('/datasets', { query: { limit: 100 } }))
  const [uploaded, setUploaded] = useState<readonly Dataset[]>([])
  const [chosen, setChosen] = useState(wanted === '' ? 'iris' : wanted)
  const [form, setForm] = useState<JobForm>(emptyForm)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const [sending, setSending] = useState(false)
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
  const problem = refused ?? validation.refusal

  const errorAt = (place: string) =>
    problem?.errors.find(({ pointer }) => pointer === place || pointer.startsWith(`${place}/`))?.message
  const elsewhere =
    problem !== null &&
    !problem.errors.some(({ pointer }) => known.some((place) => pointer.startsWith(place)))

  const start = async (event: Event) => {
    event.preventDefault()
    if (request === null || request instanceof SyntaxError) return
    setSending(true)
    try {
      const { id } = await post('/jobs', request)
      go('runs', id)
    } catch (error) {
      setRefused(toRefusal(error))
    }
    setSending(false)
  }

  return (
    <section>
      <div class="heading">
        <Heading>New job</Heading>
      </div>
      <RefusalNotice refusal={list.refusal} />
      {elsewhere ? <RefusalNotice refusal={problem} /> : null}
      <form class="columns form" onSubmit={start} noValidate>
        <div class="card">
          <h2>Data</h2>
          <DropZone
            onDataset={(made) => {
              setUploaded((before) => [made, ...before])
              setChosen(made.id)
            }}
          />
          <SelectField
            label="Dataset"
            value={chosen}
            onChange={setChosen}
            error={errorAt('/dataset')}
            options={datasets.map(({ id, name, origin }) => [
              id,
              origin === 'builtIn' ? id : `${name ?? id.slice(0, 12)} (uploaded)`,
            ])}
          />
          {dataset === undefined ? null : <Columns dataset={dataset} />}
        </div>
        <div class="card">
          <h2>Network</h2>
          {dataset === undefined ? (
            <p class="hint">Choose data first.</p>
          ) : (
            <>
              <SelectField
                label="Task"
                value={form.task}
                onChange={(task) => change({ task })}
                options={tasksOf(dataset)}
              />
              {form.layers.trim() === '' ? (
                <NetworkEditor
                  inputs={plural(featuresOf(dataset).length, 'column')}
                  hidden={form.hidden}
                  output={outputOf(dataset, form.task)}
                  onChange={(hidden) => change({ hidden })}
                  errors={(layer) => errorAt(`/network/layers/${layer}`)}
                />
              ) : null}
              <details open={form.layers !== ''}>
                <summary>Layers as JSON (convolutions, dropout and all others)</summary>
                <div
                  class={`field ${form.layers !== '' && errorAt('/network') !== undefined ? 'wrong' : ''}`}
                >
                  <label for="layers">
                    Layers, the last one the output; or a whole network with its inputShape
                  </label>
                  <textarea
                    id="layers"
                    rows={7}
                    value={form.layers}
                    spellcheck={false}
                    placeholder='[{"type":"dense","units":16,"activation":"relu"}, …]'
                    onInput={(event) => change({ layers: event.currentTarget.value })}
                  />
                  {form.layers === '' ? null : (
                    <small role="alert">
                      {request instanceof SyntaxError ? notJson(request) : errorAt('/network')}
                    </small>
                  )}
                </div>
              </details>
            </>
          )}
        </div>
        <div class="card">
          <h2>Training</h2>
          <div class="pair">
            <SelectField
              label="Optimizer"
              value={form.optimizer}
              onChange={(optimizer) => change({ optimizer })}
              options={[
                ['adam', 'Adam'],
                ['adamw', 'AdamW'],
                ['sgd', 'SGD'],
                ['momentum', 'SGD, momentum 0.9'],
                ['rmsprop', 'RMSprop'],
                ['adagrad', 'Adagrad'],
              ]}
            />
            <NumberField
              label="Learning rate"
              value={form.learningRate}
              min={0}
              error={errorAt('/optimizer')}
              onChange={(learningRate) => change({ learningRate })}
            />
            <NumberField
              label="Epochs"
              value={form.epochs}
              min={1}
              step={1}
              error={errorAt('/epochs')}
              onChange={(epochs) => change({ epochs })}
            />
            <TextField
              label="Batch size"
              value={form.batchSize}
              hint="a number, or full"
              error={errorAt('/batchSize')}
              onChange={(batchSize) => change({ batchSize })}
            />
            <NumberField
              label="Validation split"
              value={form.validationSplit}
              min={0}
              max={0.9}
              step={0.05}
              hint="share held out"
              error={errorAt('/validationSplit')}
              onChange={(validationSplit) => change({ validationSplit })}
            />
            <TextField
              label="Seed"
              value={form.seed}
              placeholder="random"
              error={errorAt('/seed')}
              onChange={(seed) => change({ seed })}
            />
          </div>
          <label class="check">
            <input
              type="checkbox"
              checked={form.stopEarly}
              onChange={(event) => change({ stopEarly: event.currentTarget.checked })}
            />
            Stop when nothing improves for 10 epochs
          </label>
          <TextField
            label="Name"
            value={form.name}
            placeholder="optional"
            error={errorAt('/name')}
            onChange={(name) => change({ name })}
          />
          <Estimate
            validation={problem === null ? validation.value : null}
            waiting={problem === null && !(request instanceof SyntaxError)}
          />
          <div class="actions">
            <button
              type="submit"
              class="primary large"
              disabled={sending || request === null || request instanceof SyntaxError}
            >
              <Icon name="play" /> {sending ? 'Starting …' : 'Start training'}
            </button>
          </div>
          {request === null ? null : <Request request={request} />}
        </div>
      </form>
    </section>
  )
}

function requestOrFault(form: JobForm, dataset: Dataset): JobRequest | SyntaxError {
  try {
    return requestFrom(form, dataset)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

function Request({ request }: { request: JobRequest | SyntaxError }) {
  return (
    <details>
      <summary>The request</summary>
      <Code
        text={request instanceof SyntaxError ? notJson(request) : curlOf(request)}
        label="Request that starts this job"
      />
    </details>
  )
}

const notJson = ({ message }: SyntaxError) => `The layers are not JSON: ${message}`

function Columns({ dataset }: { dataset: Dataset }) {
  const targets = targetsOf(dataset)
    .map(({ name }) => name)
    .join(', ')
  return (
    <>
      <p class="hint">
        {plural(dataset.rows, 'row')}, {plural(featuresOf(dataset).length, 'feature')}, target {targets}
      </p>
      <div class="scroll short">
        <table class="plain small">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Type</th>
              <th scope="col">Values</th>
            </tr>
          </thead>
          <tbody>
            {dataset.columns.slice(0, 40).map((column) => (
              <tr key={column.name}>
                <td class="cut">
                  {column.name}
                  {column.role === 'target' ? <span class="tag">target</span> : null}
                </td>
                <td>{column.type}</td>
                <td class="cut">
                  {column.categories?.join(', ') ?? `${short(column.min)} … ${short(column.max)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {dataset.warnings.map(({ code, message }) => (
        <p key={`${code} ${message}`} class="notice">
          {message}
        </p>
      ))}
      {dataset.columns.length > 40 ? (
        <p class="hint">and {whole(dataset.columns.length - 40)} more columns</p>
      ) : null}
    </>
  )
}
