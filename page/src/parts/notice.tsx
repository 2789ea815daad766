/** What went wrong, or that there is nothing yet, in words. */
import type { ComponentChildren } from 'preact'
import type { Refusal } from '../api/client.js'

export function RefusalNotice({ refusal }: { refusal: Refusal | null }) {
  if (refusal === null) return null
  const isKey = refusal.status === 401
  return (
    <p class="notice bad" role="alert">
      {isKey ? 'This service asks for a key: enter one by the key above. ' : ''}
      {refusal.message}
    </p>
  )
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  )
}
