/** Returns a function whose concurrent callers share one call. */
export function shareCall<T>(call: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | null = null
  return () => {
    pending ??= call().finally(() => {
      pending = null
    })
    return pending
  }
}
