/** Error messages and empty states. */
import type { ComponentChildren } from 'preact'
import type { ApiError } from '../api/client.js'

export function ErrorNotice({ error }: { error: ApiError | null }) {
  if (error === null) return null
  const needsKey = error.status === 401
  return (
    <p class="notice bad" role="alert">
      {needsKey ? 'This service requires an API key. Enter it with the key button above. ' : ''}
      {error.message}
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
