/** A button that reads a text file. */
import { Icon } from './icon.js'

export function FileText({ label, onText }: { label: string; onText(text: string): void }) {
  return (
    <label class="button file">
      <Icon name="upload" /> {label}
      <input
        type="file"
        accept=".json,.txt"
        onChange={async ({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          // Choosing the same file again must fire a change event.
          const text = await file?.text()
          currentTarget.value = ''
          if (text !== undefined) onText(text)
        }}
      />
    </label>
  )
}
