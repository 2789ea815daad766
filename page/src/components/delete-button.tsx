/** The first click asks for confirmation, the second deletes. */
import { useState } from 'preact/hooks'
import { Icon } from './icon.js'

/** @param what distinguishes the buttons of one page */
export function DeleteButton({ onConfirm, what }: { onConfirm(): void; what?: string }) {
  const [isConfirming, setConfirming] = useState(false)
  return (
    <button
      type="button"
      class={isConfirming ? 'danger' : ''}
      onClick={isConfirming ? onConfirm : () => setConfirming(true)}
      onBlur={() => setConfirming(false)}
    >
      <Icon name="trash" />{' '}
      {isConfirming ? 'Delete permanently?' : what === undefined ? 'Delete' : `Delete ${what}`}
    </button>
  )
}
