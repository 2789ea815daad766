/**
 * Runs work with a separate signal, which aborts as `parent` does. What the work leaves on its signal, such as listeners,
 * ends with it instead of collecting on `parent`.
 */
export async function withOwnSignal<T>(
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted()
  const own = new AbortController()
  const abort = () => own.abort(parent.reason)
  parent.addEventListener('abort', abort, { once: true })
  try {
    return await work(own.signal)
  } finally {
    parent.removeEventListener('abort', abort)
  }
}
