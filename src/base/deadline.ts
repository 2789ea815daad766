/**
 * Limits the duration of work. The timer keeps the deadline alive until the work ends. `AbortSignal.any` with
 * `AbortSignal.timeout` does not: it holds the timeout weakly, so it may be collected.
 */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor(readonly milliseconds: number) {
    super(`the deadline of ${milliseconds / 1_000} s has passed`)
  }
}

/**
 * Settles as `work` does, or rejects when the time is up or `parent` aborts. The signal of `work` then aborts, so that
 * it can end. The caller does not wait for its end.
 * @throws DeadlineError, the reason of `parent`, or errors of `work`
 */
export async function withDeadline<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  parent?.throwIfAborted()
  const ending = new AbortController()
  let forward = () => {}
  let timer: NodeJS.Timeout | undefined
  const ended = new Promise<never>((_, reject) => {
    const end = (reason: unknown) => {
      // Rejects first, so that an error of the aborted work does not replace the reason.
      reject(reason)
      ending.abort(reason)
    }
    forward = () => end(parent?.reason)
    parent?.addEventListener('abort', forward, { once: true })
    timer = setTimeout(() => end(new DeadlineError(milliseconds)), milliseconds)
  })
  try {
    return await Promise.race([ended, work(ending.signal)])
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', forward)
  }
}
