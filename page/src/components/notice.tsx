/** Error messages and empty states. */
import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/problem.js'

export function ErrorNotice({ error }: { error: Problem | null }) {
  if (error === null) return null
  const needsKey = error.status === 401
  return (
    <p class="notice bad" role="alert">
      {needsKey ? 'This service requires an API key. Enter it with the key button above. ' : ''}
      {error.message}
    </p>
  )
}

/**
 * A refusal: its title, its detail, and the messages that no field shows.
 * @param isAtField whether a field shows the detail
 */
export function ProblemNotice(props: {
  error: Problem | null
  others: readonly string[]
  isAtField: boolean
}) {
  const { error, others, isAtField } = props
  if (error === null) return null
  if (error.title === '' || error.status === 401) return <ErrorNotice error={error} />
  return (
    <div class="notice bad" role="alert">
      <p>
        <b>{error.title}</b>
      </p>
      <p>{isAtField ? 'The marked field says why.' : error.message}</p>
      {others.length === 0 ? null : (
        <ul>
          {others.map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
    </div>
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
