/** Makes a dataset of a file, or of files that belong together, dropped or chosen. */
import { useEffect, useState } from 'preact/hooks'
import { type Refusal, upload } from '../api/client.js'
import type { Dataset } from '../api/types.js'
import { bytes } from '../format.js'
import { toRefusal } from './asking.js'
import { TextField } from './field.js'
import { Icon } from './icon.js'
import { RefusalNotice } from './notice.js'

export function DropZone({ onDataset }: { onDataset(dataset: Dataset): void }) {
  const [over, setOver] = useState(false)
  const [sending, setSending] = useState<readonly File[]>([])
  const [target, setTarget] = useState('')
  const [problem, setProblem] = useState<Refusal | null>(null)

  // A file dropped beside it would take the place of the page, and what was filled in with it.
  useEffect(() => {
    const keep = (event: DragEvent) => event.preventDefault()
    addEventListener('dragover', keep)
    addEventListener('drop', keep)
    return () => {
      removeEventListener('dragover', keep)
      removeEventListener('drop', keep)
    }
  }, [])

  const take = async (list: FileList | null | undefined) => {
    const files = [...(list ?? [])]
    const [first] = files
    if (first === undefined) return
    setSending(files)
    try {
      const name = first.name.replace(/(\.\w+)+$/, '')
      onDataset(await upload(files, { name, target: target.trim() === '' ? undefined : target.trim() }))
      setProblem(null)
    } catch (error) {
      setProblem(toRefusal(error))
    }
    setSending([])
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
          void take(event.dataTransfer?.files)
        }}
      >
        <Icon name="upload" />
        {sending.length === 0 ? (
          <span>
            <b>Drop data here</b> or choose a file: CSV, JSON lines, Parquet, NumPy, IDX, or a ZIP of pictures
            in one folder per class.
          </span>
        ) : (
          <span role="status">
            Reading {sending.map(({ name }) => name).join(', ')} (
            {bytes(sending.reduce((sum, { size }) => sum + size, 0))}) …
          </span>
        )}
        <input
          type="file"
          aria-label="Upload a dataset"
          multiple
          disabled={sending.length > 0}
          onChange={(event) => {
            const { currentTarget } = event
            void take(currentTarget.files).then(() => {
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
