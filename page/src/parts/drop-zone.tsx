/** Makes a dataset of a file, dropped or chosen. */
import { useState } from 'preact/hooks'
import { type Refusal, upload } from '../api/client.js'
import type { Dataset } from '../api/types.js'
import { bytes } from '../format.js'
import { toRefusal } from './asking.js'
import { TextField } from './field.js'
import { Icon } from './icon.js'
import { RefusalNotice } from './notice.js'

export function DropZone({ onDataset }: { onDataset(dataset: Dataset): void }) {
  const [over, setOver] = useState(false)
  const [sending, setSending] = useState<File | null>(null)
  const [target, setTarget] = useState('')
  const [problem, setProblem] = useState<Refusal | null>(null)

  const take = async (file: File | undefined) => {
    if (file === undefined) return
    setSending(file)
    try {
      const name = file.name.replace(/\.\w+$/, '')
      onDataset(
        await upload(file, 'text/csv', { name, target: target.trim() === '' ? undefined : target.trim() }),
      )
      setProblem(null)
    } catch (error) {
      setProblem(toRefusal(error))
    }
    setSending(null)
  }
  return (
    <>
      <label
        class={`drop ${over ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          void take(event.dataTransfer?.files[0])
        }}
      >
        <Icon name="download" />
        {sending === null ? (
          <span>
            <b>Drop a CSV here</b> or choose one. Its first line names the columns.
          </span>
        ) : (
          <span role="status">
            Reading {sending.name} ({bytes(sending.size)}) …
          </span>
        )}
        <input
          type="file"
          aria-label="Upload a CSV file"
          accept=".csv,text/csv"
          disabled={sending !== null}
          onChange={(event) => {
            const { currentTarget } = event
            void take(currentTarget.files?.[0]).then(() => {
              currentTarget.value = ''
            })
          }}
        />
      </label>
      <TextField
        label="Target column of an upload"
        value={target}
        placeholder="the last one"
        onChange={setTarget}
      />
      <RefusalNotice refusal={problem} />
    </>
  )
}
