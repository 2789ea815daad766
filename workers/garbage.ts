/** Memory that threads share is given back when each of them has collected what referred to it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Smaller ones wait for the next collection that comes by itself. */
export const worthwhileBytes = 32 * 1024 * 1024

/** Nothing refers to so much shared memory any more, whose size brings no collection about. */
export function collectGarbage(bytes: number): void {
  if (bytes < worthwhileBytes) return
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('globalThis.gc')
  if (typeof collect === 'function') collect()
}
