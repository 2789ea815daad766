/** The first click asks for confirmation, the second deletes. */
import { useState } from 'preact/hooks'
import { Icon } from './icon.js'

export function DeleteButton({ onConfirm }: { onConfirm(): void }) {
  const [isConfirming, setConfirming] = useState(false)
  return (
    <button
      type="button"
      class={isConfirming ? 'danger' : ''}
      onClick={isConfirming ? onConfirm : () => setConfirming(true)}
      onBlur={() => setConfirming(false)}
    >
      <Icon name="trash" /> {isConfirming ? 'Delete permanently?' : 'Delete'}
    </button>
  )
}
