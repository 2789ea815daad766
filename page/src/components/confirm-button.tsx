/** The first click asks for confirmation, the second acts. */
import { useState } from 'preact/hooks'
import { Icon, type IconName } from './icon.js'

export function ConfirmButton(props: {
  icon: IconName
  label: string
  /** What the button shows after the first click. */
  question: string
  onConfirm(): void
}) {
  const { icon, label, question, onConfirm } = props
  const [isConfirming, setConfirming] = useState(false)
  const click = () => {
    setConfirming(!isConfirming)
    if (isConfirming) onConfirm()
  }
  return (
    <button
      type="button"
      class={isConfirming ? 'danger' : ''}
      onClick={click}
      onBlur={() => setConfirming(false)}
    >
      <Icon name={icon} /> {isConfirming ? question : label}
    </button>
  )
}
