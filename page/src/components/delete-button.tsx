import { ConfirmButton } from './confirm-button.js'

/** @param what distinguishes the buttons of one page */
export function DeleteButton({ onConfirm, what }: { onConfirm(): void; what?: string }) {
  return (
    <ConfirmButton
      icon="trash"
      label={what === undefined ? 'Delete' : `Delete ${what}`}
      question="Delete permanently?"
      onConfirm={onConfirm}
    />
  )
}
