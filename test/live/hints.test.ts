/** A hint that comes at any moment between reading and waiting is not lost. The poll, which would make up for it, is off. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { unpackEpochs } from '../../src/contract/packed-epochs.js'
import { Live } from '../../src/live/live.js'
import type { LiveMessage, Sink } from '../../src/live/sink.js'
import { WakeSignal } from '../../src/live/wake-signal.js'
import type { WatchEnd, WatchOptions } from '../../src/live/watch.js'
import { gate } from '../support/gate.js'
import { settle } from '../support/waiting.js'
import { WatchedJobInMemory } from '../support/watched-job.js'
import { upTo } from '../support/watching.js'

let job: WatchedJobInMemory
let live: Live

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'Date'] })
  job = new WatchedJobInMemory()
  live = new Live(job, { readAfter: async () => ({ frames: [], position: 0 }) }, (error) => {
    throw error
  })
})

afterEach(() => {
  live.close()
  vi.useRealTimers()
})

const hint = () => live.report({ jobId: job.id, status: job.status, epoch: job.epoch })

function advanceTo(epoch: number): void {
  job.epoch = epoch
  hint()
}

interface Watching {
  messages: LiveMessage[]
  numbers(): number[]
  end: Promise<WatchEnd | null>
}

/** @param onSend called with each message, before the reader can take more. */
function watch(
  options: WatchOptions = {},
  onSend: (message: LiveMessage) => Promise<void> | void = () => {},
): Watching {
  const messages: LiveMessage[] = []
  const sink: Sink = {
    isReady: () => true,
    async send(message) {
      messages.push(message)
      await onSend(message)
    },
  }
  const opened = live.open('local', job.id, 0)
  onTestFinished(async () => (await opened)?.close())
  return {
    messages,
    numbers: () =>
      messages.flatMap((message) =>
        message.type === 'epochs' ? unpackEpochs(message.epochs).map(({ epoch }) => epoch) : [],
      ),
    end: opened.then((found) => found?.follow(sink, options) ?? null),
  }
}

describe('a hint', () => {
  it('that comes while the job is read, after its rows were, is followed by another read', async () => {
    const release = job.hold()
    const watching = watch()
    await settle()
    expect(job.reads).toBe(1)
    advanceTo(3)
    release()
    await settle()
    expect(watching.numbers()).toEqual([1, 2, 3])
  })

  it('that comes during a later read is followed by another one', async () => {
    const watching = watch()
    await settle()
    for (const epoch of [2, 4, 6]) {
      const release = job.hold()
      advanceTo(epoch - 1)
      await settle()
      advanceTo(epoch)
      release()
      await settle()
      expect(watching.numbers()).toEqual(upTo(epoch))
    }
  })

  it('that comes while a message is sent is followed by another read', async () => {
    const watching = watch({}, (message) => {
      if (message.type === 'job' && job.epoch === 0) advanceTo(2)
      else if (message.type === 'epochs' && job.epoch === 2) advanceTo(5)
    })
    await settle()
    expect(watching.numbers()).toEqual(upTo(5))
  })

  it.each(upTo(40))('that comes %i promises after the last message is not lost', async (ticks) => {
    const watching = watch({}, (message) => {
      if (message.type !== 'epochs' || job.epoch !== 1) return
      void (async () => {
        for (let tick = 0; tick < ticks; tick++) await null
        advanceTo(2)
      })()
    })
    await settle()
    advanceTo(1)
    await settle()
    expect(watching.numbers()).toEqual([1, 2])
    job.status = 'succeeded'
    hint()
    await settle()
    expect(await watching.end).toBe('ended')
  })

  it.each(upTo(40))('of the end that comes %i promises after the last message is not lost', async (ticks) => {
    const watching = watch({ summary: true }, (message) => {
      if (message.type !== 'job' || job.status !== 'running') return
      void (async () => {
        for (let tick = 0; tick < ticks; tick++) await null
        job.status = 'cancelled'
        hint()
      })()
    })
    await settle()
    expect(await watching.end).toBe('ended')
    expect(watching.messages.at(-1)).toMatchObject({ type: 'end', job: { status: 'cancelled' } })
  })

  it('wakes every watcher, but those with the change do not read again', async () => {
    const all = upTo(3).map(() => watch())
    await settle()
    advanceTo(4)
    await settle()
    expect(all.map(({ numbers }) => numbers())).toEqual([upTo(4), upTo(4), upTo(4)])
    const { reads } = job
    hint()
    hint()
    await settle()
    expect(job.reads).toBe(reads)
  })

  it('whose read fails is read again by a later watcher', async () => {
    const first = watch()
    await settle()
    const reading = gate()
    const slow = watch({}, async (message) => {
      if (message.type === 'job') await reading.passed
    })
    const failed = expect(first.end).rejects.toThrow('away')
    await settle()
    vi.spyOn(job, 'jobs').mockRejectedValueOnce(new Error('the database is away'))
    advanceTo(2)
    await failed
    reading.open()
    await settle()
    expect(slow.numbers()).toEqual([1, 2])
  })

  it('of another job changes nothing', async () => {
    watch()
    await settle()
    const { reads } = job
    live.report({ jobId: 'job_other', status: 'succeeded', epoch: 9 })
    await settle()
    expect(job.reads).toBe(reads)
  })

  it('that is lost is replaced by the poll', async () => {
    const watching = watch()
    await settle()
    job.epoch = 2
    await settle()
    expect(watching.numbers()).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    await settle()
    expect(watching.numbers()).toEqual([1, 2])
  })
})

describe('a watcher of summaries', () => {
  it('receives new epochs once a second, and another status at once', async () => {
    const watching = watch({ summary: true })
    await settle()
    const shown = () =>
      watching.messages.map((message) =>
        message.type === 'job' ? [message.job.status, message.job.epoch] : message.type,
      )
    for (const epoch of upTo(5)) {
      advanceTo(epoch)
      await settle()
    }
    expect(shown()).toEqual([['running', 0]])
    await vi.advanceTimersByTimeAsync(999)
    await settle()
    expect(shown()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    await settle()
    expect(shown()).toEqual([
      ['running', 0],
      ['running', 5],
    ])
    job.status = 'paused'
    hint()
    await settle()
    expect(shown()).toHaveLength(3)
    job.status = 'cancelled'
    hint()
    await settle()
    expect(shown().slice(2)).toEqual([['paused', 5], ['cancelled', 5], 'end'])
  })
})

describe('a wake signal', () => {
  it('wakes the task that waits, and forgets earlier wake-ups', async () => {
    const signal = new WakeSignal()
    signal.wake()
    let woken = 0
    const wait = async (milliseconds?: number) => {
      await signal.wait(milliseconds)
      woken++
    }
    void wait()
    await settle()
    expect(woken).toBe(0)
    signal.wake()
    await settle()
    expect(woken).toBe(1)
    void wait(100)
    await vi.advanceTimersByTimeAsync(99)
    expect(woken).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(woken).toBe(2)
    // The timer of the poll alone.
    expect(vi.getTimerCount()).toBe(1)
    void wait(100)
    signal.wake()
    await settle()
    expect(woken).toBe(3)
    expect(vi.getTimerCount()).toBe(1)
  })
})
