/** The network of a new job: chosen by the service, built in the editor, or given as JSON. */
import type { Dataset, JobRequest, JobValidation } from '../api/types.js'
import { Choice, SelectField } from '../components/field.js'
import { LayerEditor } from '../components/layer-editor.js'
import { explainSpec } from './explain-spec.js'
import { featuresName, filledIn, type JobForm, outputLayer, tasksFor } from './job-form.js'

interface Props {
  form: JobForm
  dataset: Dataset | undefined
  request: JobRequest | SyntaxError | null
  validation: JobValidation | null
  change(part: Partial<JobForm>): void
  errorAt(pointer: string): string | undefined
}

export function NetworkCard(props: Props) {
  const { form, dataset, validation, change } = props
  return (
    <div class="card">
      <h2>Network</h2>
      {dataset === undefined ? (
        <p class="hint">Choose data first.</p>
      ) : (
        <>
          <Choice
            label="Chosen by"
            value={form.chosenBy}
            onChange={(chosenBy) => {
              if (chosenBy === form.chosenBy) return
              if (chosenBy === 'service') change({ chosenBy, heldOut: 'service' })
              else
                change(validation === null ? { chosenBy, heldOut: 'split' } : filledIn(form, validation.spec))
            }}
            options={[
              ['service', 'the service'],
              ['reader', 'me'],
            ]}
          />
          {form.chosenBy === 'service' ? (
            <ServiceChoice validation={validation} dataset={dataset} />
          ) : (
            <CustomNetwork {...props} dataset={dataset} />
          )}
        </>
      )}
    </div>
  )
}

function ServiceChoice({ validation, dataset }: { validation: JobValidation | null; dataset: Dataset }) {
  if (validation === null) return <p class="hint">Loading the choices of the service …</p>
  return (
    <section class="chosen" aria-label="Chosen by the service">
      <dl class="choices">
        {explainSpec(validation.spec, dataset).map(({ name, value, reason }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <b>{value}</b>
              <span>{reason}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">“Chosen by: me” takes these choices into the form, where each can be changed.</p>
    </section>
  )
}

function CustomNetwork({ form, dataset, request, change, errorAt }: Props & { dataset: Dataset }) {
  return (
    <>
      <SelectField
        label="Task"
        value={form.task}
        onChange={(task) => change({ task })}
        options={tasksFor(dataset)}
      />
      {form.layers.trim() === '' ? (
        <LayerEditor
          inputs={featuresName(dataset)}
          dimensions={dataset.inputShape.length}
          layers={form.hidden}
          output={outputLayer(dataset, form.task)}
          onChange={(hidden) => change({ hidden })}
          errorAt={(layer) => errorAt(`/network/layers/${layer}`)}
        />
      ) : null}
      <details open={form.layers !== ''}>
        <summary>Layers as JSON</summary>
        <div class={`field ${form.layers !== '' && errorAt('/network') !== undefined ? 'wrong' : ''}`}>
          <label for="layers">
            A list of layers including the output layer, or a network with its inputShape
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
  )
}

export const notJson = ({ message }: SyntaxError) => `The layers are not valid JSON: ${message}`
