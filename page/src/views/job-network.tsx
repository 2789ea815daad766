/** The network of a new job: what the service chooses, or layers by clicks or as JSON. */
import type { Dataset, JobRequest, JobValidation } from '../api/types.js'
import { plural } from '../format.js'
import { Choice, SelectField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { NetworkEditor } from '../components/network-editor.js'
import { specFigures, describeSpec } from './describe-spec.js'
import { featureColumns, filledIn, type JobForm, outputLayer, tasksFor } from './job-form.js'

interface Props {
  form: JobForm
  dataset: Dataset | undefined
  request: JobRequest | SyntaxError | null
  validation: JobValidation | null
  change(part: Partial<JobForm>): void
  errorAt(place: string): string | undefined
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
                change(validation === null ? { chosenBy, heldOut: 'share' } : filledIn(form, validation.spec))
            }}
            options={[
              ['service', 'the service'],
              ['reader', 'me'],
            ]}
          />
          {form.chosenBy === 'service' ? (
            <Chosen validation={validation} dataset={dataset} />
          ) : (
            <Own {...props} dataset={dataset} />
          )}
        </>
      )}
    </div>
  )
}

function Chosen({ validation, dataset }: { validation: JobValidation | null; dataset: Dataset }) {
  if (validation === null) return <p class="hint">The service is asked what fits these data …</p>
  return (
    <section class="chosen" aria-label="Chosen by the service">
      <p>{describeSpec(validation.spec, dataset)}</p>
      <FigureList figures={specFigures(validation.spec)} small />
    </section>
  )
}

function Own({ form, dataset, request, change, errorAt }: Props & { dataset: Dataset }) {
  return (
    <>
      <SelectField
        label="Task"
        value={form.task}
        onChange={(task) => change({ task })}
        options={tasksFor(dataset)}
      />
      {form.layers.trim() === '' ? (
        <NetworkEditor
          inputs={plural(featureColumns(dataset).length, 'column')}
          hidden={form.hidden}
          output={outputLayer(dataset, form.task)}
          onChange={(hidden) => change({ hidden })}
          errors={(layer) => errorAt(`/network/layers/${layer}`)}
        />
      ) : null}
      <details open={form.layers !== ''}>
        <summary>Layers as JSON (convolutions, dropout and all others)</summary>
        <div class={`field ${form.layers !== '' && errorAt('/network') !== undefined ? 'wrong' : ''}`}>
          <label for="layers">Layers, the last one the output; or a whole network with its inputShape</label>
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

export const notJson = ({ message }: SyntaxError) => `The layers are not JSON: ${message}`
