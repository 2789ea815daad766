/** Takes a file, or files that belong together, dropped or chosen. */
import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icon.js'

export function DropZone({ onFiles }: { onFiles(files: File[]): void }) {
  const [over, setOver] = useState(false)

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

  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])]
    if (files.length > 0) onFiles(files)
  }
  return (
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
        take(event.dataTransfer?.files)
      }}
    >
      <Icon name="upload" />
      <span>
        <b>Drop data here</b> or choose a file: CSV, JSON, Parquet, NumPy, IDX, or a ZIP of pictures in one
        folder per class. You see its columns before it is stored.
      </span>
      <input
        type="file"
        aria-label="Upload a dataset"
        multiple
        onChange={({ currentTarget }) => {
          take(currentTarget.files)
          // The same file again is a change, too.
          currentTarget.value = ''
        }}
      />
    </label>
  )
}
