/** Collects garbage, because shared memory is freed only when each thread has collected its references. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Smaller blocks wait for the next collection by V8. */
export const worthwhileBytes = 32 * 1024 * 1024

/** What the first collection misses, because a message that is being answered still refers to it, the second gets. */
const againMilliseconds = 100

/** Soon nothing refers to so much shared memory any more, whose size brings no collection about. */
export function collectSoon(bytes: number): void {
  if (bytes < worthwhileBytes) return
  setImmediate(collect)
  setTimeout(collect, againMilliseconds).unref()
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('globalThis.gc')
  if (typeof gc === 'function') gc()
}
