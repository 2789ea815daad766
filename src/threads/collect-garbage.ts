/** Collects garbage, because shared memory is freed only when each thread has collected its references. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Smaller blocks wait for the next collection by V8. */
export const worthwhileBytes = 32 * 1024 * 1024

/** Milliseconds to a second collection. It frees what a message still referred to during the first. */
const againMilliseconds = 100

/** Call it when references to this many bytes of shared memory end soon. V8 does not count them. */
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
