/** Prints the nanoseconds of a `process.nextTick` after garbage collections; the argument `kept` keeps a tick object first. */
import { setImmediate as turn } from 'node:timers/promises'
import { keepTickObject } from '../../src/process/keep-tick-object.js'

const ticks = 2_000
const rounds = 60

const noop = () => {}

function round(): number {
  const begin = performance.now()
  for (let tick = 0; tick < ticks; tick++) process.nextTick(noop)
  return performance.now() - begin
}

if (process.argv[2] === 'kept') keepTickObject()
// Once Node's function has run often enough, V8 remembers the layout of its objects.
for (let each = 0; each < 20; each++) {
  round()
  await turn()
}
for (let collection = 0; collection < 8; collection++) {
  globalThis.gc?.()
  await turn()
}
let shortest = Number.POSITIVE_INFINITY
for (let each = 0; each < rounds; each++) {
  shortest = Math.min(shortest, round())
  await turn()
}
console.log((1e6 * shortest) / ticks)
