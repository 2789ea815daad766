/** Accepts one or more files by drop or by file dialog. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icon.js'

interface Props {
  /** Label of the file input. */
  label: string
  accept?: string
  multiple?: boolean
  children: ComponentChildren
  onFiles(files: File[]): void
}

export function DropZone({ label, accept, multiple = false, children, onFiles }: Props) {
  const [over, setOver] = useState(false)

  // The browser would open a file dropped outside the zone and lose the form.
  useEffect(() => {
    const prevent = (event: DragEvent) => event.preventDefault()
    addEventListener('dragover', prevent)
    addEventListener('drop', prevent)
    return () => {
      removeEventListener('dragover', prevent)
      removeEventListener('drop', prevent)
    }
  }, [])

  const receive = (list: FileList | null | undefined) => {
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
        receive(event.dataTransfer?.files)
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
          receive(currentTarget.files)
          // Choosing the same file again must fire a change event.
          currentTarget.value = ''
        }}
      />
    </label>
  )
}
