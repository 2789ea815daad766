/** Code that can be selected, scrolled by keyboard, and copied by a click. */
import { useRef, useState } from 'preact/hooks'
import { Icon } from './icon.js'

/**
 * Copies the text of a field. Browsers offer the clipboard to https and localhost only. Elsewhere the selected text is
 * copied by a command that they still support, and it stays selected if they refuse.
 */
export async function copyFrom(field: HTMLTextAreaElement): Promise<boolean> {
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(field.value).then(
      () => true,
      () => false,
    )
  }
  field.select()
  return document.execCommand('copy')
}

export function Code({ text, label }: { text: string; label: string }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    if (field.current === null || !(await copyFrom(field.current))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  return (
    <div class="code-box">
      <textarea
        ref={field}
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
