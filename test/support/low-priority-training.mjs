/**
 * Trains for longer than a thread keeps its normal priority, in a process that may not raise priorities. Prints, as JSON,
 * how many of its threads have a low priority while it trains, and after the pool has replaced the thread.
 *
 * node low-priority-training.mjs URL-OF-DIST ORDER-AS-JSON
 */
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const [dist, text] = process.argv.slice(2)
const { TrainerPool } = await import(new URL('workers/trainer-pool.js', dist))
const { builtIn } = await import(new URL('src/datasets/built-ins.js', dist))
const pool = new TrainerPool()
const order = JSON.parse(text)
order.data.training = builtIn('xor')
order.stop = new Int32Array(new SharedArrayBuffer(4))

let isDone = false
const listener = {
  store: async () => {},
  storeWhole: async () => {},
  ended: async () => {},
  encoded() {},
  begun() {},
  fill: async () => null,
  trained() {
    isDone = true
  },
}

// Field 19 of proc(5), counted after the name in parentheses.
const priorities = () => readdirSync('/proc/self/task').flatMap(priorityOf)

function priorityOf(thread) {
  try {
    return [Number(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ')[1].split(' ')[16])]
  } catch (error) {
    // The thread has ended.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return []
    throw error
  }
}

const normal = getPriority()
const countLow = () => priorities().filter((priority) => priority > normal).length

async function until(condition) {
  const deadline = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not become true within a minute')
    await sleep(20)
  }
}

const training = pool.train([order], listener)
await until(() => countLow() > 0)
const whileTraining = countLow()
Atomics.store(order.stop, 0, 1)
await training
await until(() => isDone && countLow() === 0)
console.log(JSON.stringify({ whileTraining, afterwards: countLow() }))
await pool.close()
