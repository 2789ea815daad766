/** Delays between attempts. */

const firstMilliseconds = 250
const mostMilliseconds = 8_000
/** A service that asks for a longer delay is not asked again. */
const mostSeconds = 60

/**
 * Milliseconds before the next attempt: twice as long after each failure, with jitter, so that clients do not return
 * together. Never less than the service asks for, and undefined if that is too long.
 * @param failures so far, from 1
 */
export function delayBefore(failures: number, retryAfter?: number): number | undefined {
  if (retryAfter !== undefined && retryAfter > mostSeconds) return undefined
  const most = Math.min(mostMilliseconds, firstMilliseconds * 2 ** (failures - 1))
  return 1_000 * (retryAfter ?? 0) + most * (0.5 + Math.random() / 2)
}

/** @throws the reason of the signal */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
