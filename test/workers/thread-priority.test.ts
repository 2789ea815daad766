import { readdirSync, readFileSync } from 'node:fs'
import { constants, getPriority } from 'node:os'
import { describe, expect, it, vi } from 'vitest'
import { ThreadPriority } from '../../workers/thread-priority.js'

const normal = constants.priority.PRIORITY_NORMAL
const low = constants.priority.PRIORITY_LOW

/** A thread with a clock that the test moves. */
function thread({ mayRaise = true, priority = normal } = {}) {
  const state = { priority, milliseconds: 0 }
  const system = {
    get: () => state.priority,
    set(next: number) {
      if (next < state.priority && !mayRaise) throw new Error('EACCES')
      state.priority = next
    },
  }
  return { state, own: new ThreadPriority(system, () => state.milliseconds) }
}

describe('the priority of a training thread', () => {
  it('is normal for the first second of training, then low', () => {
    const { state, own } = thread()
    own.begin()
    state.milliseconds = 999
    own.continue()
    expect(state.priority).toBe(normal)
    state.milliseconds = 1_000
    own.continue()
    expect(state.priority).toBe(low)
  })

  it('is normal again after the training', () => {
    const { state, own } = thread()
    own.begin()
    state.milliseconds = 1_000
    own.continue()
    expect(own.end()).toBe(false)
    expect(state.priority).toBe(normal)
  })

  it('stays low, and reports it, if the process must not raise it', () => {
    const { state, own } = thread({ mayRaise: false })
    own.begin()
    state.milliseconds = 1_000
    expect(own.end()).toBe(true)
    expect(state.priority).toBe(low)
  })

  it('becomes low under many short trainings without a pause', () => {
    const { state, own } = thread()
    for (let training = 0; training < 100; training++) {
      own.begin()
      state.milliseconds += 10
      own.end()
    }
    own.begin()
    expect(state.priority).toBe(low)
  })

  it('stays normal under short trainings with pauses four times as long', () => {
    const { state, own } = thread()
    for (let training = 0; training < 1_000; training++) {
      own.begin()
      state.milliseconds += 10
      own.end()
      state.milliseconds += 40
    }
    own.begin()
    expect(state.priority).toBe(normal)
  })

  it('needs no more than four seconds of idle time to become normal', () => {
    const { state, own } = thread()
    own.begin()
    state.milliseconds = 3_600_000
    own.end()
    state.milliseconds += 4_001
    own.begin()
    expect(state.priority).toBe(normal)
  })

  it('is low at once for a training that starts threads', () => {
    const { state, own } = thread()
    own.begin()
    own.lower()
    expect(state.priority).toBe(low)
  })

  it('is not raised above that of the process', () => {
    const { state, own } = thread({ priority: 15 })
    own.begin()
    state.milliseconds = 5_000
    expect(own.end()).toBe(false)
    expect(state.priority).toBe(15)
  })

  it.runIf(process.platform === 'linux')('is the priority of the calling thread alone', async () => {
    const { Worker } = await import('node:worker_threads')
    const code = `
      const { setPriority } = require('node:os')
      setPriority(${getPriority() + 3})
      require('node:worker_threads').parentPort.postMessage('set')
      setInterval(() => {}, 1000)`
    const worker = new Worker(code, { eval: true })
    try {
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      await vi.waitFor(() => {
        const nice = readdirSync('/proc/self/task').map((id) => niceOf(`/proc/self/task/${id}/stat`))
        expect(nice.filter((each) => each === getPriority() + 3)).toHaveLength(1)
      })
    } finally {
      await worker.terminate()
    }
  })
})

/** Field 19 of proc(5), counted after the name in parentheses, which may hold blanks. */
function niceOf(stat: string): number {
  return Number(readFileSync(stat, 'utf8').split(') ')[1].split(' ')[16])
}
