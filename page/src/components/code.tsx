/** Code that can be selected, scrolled by keyboard, and copied by a click. */
import { useState } from 'preact/hooks'
import { Icon } from './icon.js'

export function Code({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  return (
    <div class="code-box">
      <textarea
        class="code"
        readOnly
        rows={Math.min(16, text.split('\n').length)}
        aria-label={label}
        value={text}
        wrap="off"
      />
      <button
        type="button"
        class="icon"
        aria-label={copied ? 'Copied' : `Copy: ${label}`}
        onClick={() => void copy()}
      >
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
    </div>
  )
}
