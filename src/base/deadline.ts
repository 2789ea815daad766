/**
 * The one way to limit how long something may take. The timer keeps the deadline alive until the work has ended.
 * `AbortSignal.any` with `AbortSignal.timeout` does not: it holds the timeout weakly, and garbage collection takes it.
 */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor(readonly milliseconds: number) {
    super(`the deadline of ${milliseconds / 1_000} s has passed`)
  }
}

/**
 * Settles as `work` does, or rejects when the time is up or `parent` aborts, whichever is first. `work` gets a signal that
 * aborts then, so that it can end. The caller does not wait for that.
 * @throws DeadlineError, the reason of `parent`, errors of `work`
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
      // First, so that what `work` makes of the abort is not taken for the reason.
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
