/** Name, notes, tags and metadata of a model or a run, and the form that changes them. */
import { useState } from 'preact/hooks'
import { TextAreaField, TextField } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { useChange } from '../use-change.js'
import { type LabelChange, type Labels, labelChange, toLabelForm } from './labels-form.js'

interface Props {
  labels: Labels
  send(change: LabelChange): Promise<unknown>
  onChanged(): void
}

export function LabelsCard({ labels, send, onChanged }: Props) {
  const [isEditing, setEditing] = useState(false)
  const close = () => setEditing(false)
  return (
    <div class="card">
      <div class="controls">
        <h2>Labels</h2>
        {isEditing ? null : (
          <button type="button" onClick={() => setEditing(true)}>
            Edit labels
          </button>
        )}
      </div>
      {isEditing ? (
        <LabelsForm
          labels={labels}
          send={send}
          onCancel={close}
          onChanged={() => {
            close()
            onChanged()
          }}
        />
      ) : (
        <ShownLabels labels={labels} />
      )}
    </div>
  )
}

function ShownLabels({ labels: { notes, tags, metadata } }: Pick<Props, 'labels'>) {
  const pairs = Object.entries(metadata)
  if (notes === null && tags.length === 0 && pairs.length === 0) {
    return <p class="hint">No notes, tags or metadata.</p>
  }
  return (
    <>
      {notes === null ? null : <p class="notes">{notes}</p>}
      {tags.length === 0 && pairs.length === 0 ? null : (
        <p>
          {tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
          {pairs.map(([key, value]) => (
            <span key={key} class="tag">
              {key} = {value}
            </span>
          ))}
        </p>
      )}
    </>
  )
}

function LabelsForm({ labels, send, onChanged, onCancel }: Props & { onCancel(): void }) {
  const [form, setForm] = useState(() => toLabelForm(labels))
  const request = useChange(onChanged)
  const set = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }))
  const change = labelChange(labels, form)
  return (
    <form
      class="labels"
      aria-label="Labels"
      onSubmit={(event) => {
        event.preventDefault()
        if (change === null) return
        if (Object.keys(change).length === 0) onCancel()
        else void request.run(() => send(change))
      }}
    >
      <TextField label="Name" value={form.name} onChange={(name) => set({ name })} />
      <TextField
        label="Tags"
        value={form.tags}
        onChange={(tags) => set({ tags })}
        hint="separated by commas"
      />
      <TextAreaField
        label="Metadata"
        rows={3}
        value={form.metadata}
        onChange={(metadata) => set({ metadata })}
        hint="one key=value per line"
        error={change === null ? 'has a line that is not key=value' : undefined}
      />
      <TextAreaField label="Notes" rows={4} value={form.notes} onChange={(notes) => set({ notes })} />
      <ErrorNotice error={request.problem} />
      <div class="actions">
        <button type="submit" class="primary" disabled={change === null || request.isSending}>
          Save
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  )
}
