/** Nothing brings back what is deleted: the first click asks, the second deletes. */
import { useState } from 'preact/hooks'
import { Icon } from './icon.js'

export function DeleteButton({ onSure }: { onSure(): void }) {
  const [asking, setAsking] = useState(false)
  return (
    <button
      type="button"
      class={asking ? 'danger' : ''}
      onClick={asking ? onSure : () => setAsking(true)}
      onBlur={() => setAsking(false)}
    >
      <Icon name="trash" /> {asking ? 'Delete for good?' : 'Delete'}
    </button>
  )
}
