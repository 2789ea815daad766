/** Takes a file, or files that belong together, dropped or chosen. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icon.js'

interface Props {
  /** Of the file input. */
  label: string
  accept?: string
  multiple?: boolean
  children: ComponentChildren
  onFiles(files: File[]): void
}

export function DropZone({ label, accept, multiple = false, children, onFiles }: Props) {
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
      <span>{children}</span>
      <input
        type="file"
        aria-label={label}
        accept={accept}
        multiple={multiple}
        onChange={({ currentTarget }) => {
          take(currentTarget.files)
          // The same file again is a change, too.
          currentTarget.value = ''
        }}
      />
    </label>
  )
}
