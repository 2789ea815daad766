/** The garbage collector on demand, without a flag on the command line. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Collects often from now on; returns how to end that. */
export function collectOften(): () => void {
  const timer = setInterval(collect, 20)
  return () => clearInterval(timer)
}
