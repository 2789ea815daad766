/** The spec that the page offers to the participants of a workshop. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { JobRequest } from '../api/types.js'
import { TextAreaField } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { useChange } from '../use-change.js'
import { useValidation } from './estimate.js'

type Spec = Record<string, unknown>

const placeholder = JSON.stringify(
  {
    dataset: 'xor',
    network: {
      layers: [
        { type: 'dense', units: 4, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    epochs: 500,
  },
  null,
  2,
)

/** @param spec the saved one, which replaces an edited text only when the view is opened */
export function StartingSpecCard({ id, spec }: { id: string; spec: Spec | null }) {
  const [text, setText] = useState(() => (spec === null ? '' : JSON.stringify(spec, null, 2)))
  const [saved, setSaved] = useState(text)
  const read = readSpec(text)
  const validation = useValidation(typeof read === 'string' || read === null ? null : (read as JobRequest))
  const change = useChange(() => setSaved(text))
  const save = async (event: Event) => {
    event.preventDefault()
    if (typeof read !== 'string')
      await change.run(() => client.request('PATCH /workshops/{id}', { path: { id }, body: { spec: read } }))
  }
  const refusal = validation.error
  const isMissingScope = refusal?.status === 403
  return (
    <form class="card" onSubmit={save} noValidate>
      <h2>Starting spec</h2>
      <TextAreaField
        label="A job, as JSON. Empty for none."
        rows={12}
        value={text}
        placeholder={placeholder}
        error={typeof read === 'string' ? read : undefined}
        hint="Participants open it by one click, and change it before they train."
        onChange={setText}
      />
      {refusal === null || isMissingScope ? null : (
        <p class="notice warn">The service would refuse this job: {refusal.message}</p>
      )}
      <ErrorNotice error={change.problem} />
      <div class="actions">
        <button type="submit" disabled={change.isSending || typeof read === 'string' || text === saved}>
          {change.isSending ? 'Saving …' : 'Save starting spec'}
        </button>
        <span class="hint" role="status">
          {text !== saved ? '' : saved.trim() === '' ? 'The workshop has none.' : 'Saved.'}
        </span>
      </div>
    </form>
  )
}

/** Null for no spec. Returns why the text is not a spec. */
function readSpec(text: string): Spec | null | string {
  if (text.trim() === '') return null
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Spec) : 'This is JSON, but not an object such as {"dataset": "xor"}.'
  } catch (error) {
    if (error instanceof SyntaxError) return `This is not JSON: ${error.message}`
    throw error
  }
}
