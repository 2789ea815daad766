/** What the watchers of a sweep receive, whatever happens between their reads and whenever they reconnect. */
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { isFinished, type JobStatus } from '../../src/contract/job-status.js'
import type { Sweep, SweepStatus, Trial } from '../../src/contract/sweep.js'
import type { SweepMessage } from '../../src/contract/sweep-stream.js'
import { LiveSweeps } from '../../src/live/live-sweeps.js'
import { testSeeds } from '../support/test-seeds.js'

/** A sweep without a database. */
class FakeSweep {
  status: SweepStatus = 'running'
  readonly trials: JobStatus[] = []
  reads = { state: 0, trials: 0, sweep: 0 }

  state = async () => {
    this.reads.state++
    const unfinished = this.trials.flatMap((status, index) =>
      isFinished(status) ? [] : [{ trial: index + 1, jobId: `job_${index + 1}`, status }],
    )
    return { tenantId: 'mine', status: this.status, created: this.trials.length, unfinished }
  }

  numberedTrials = async (_id: string, numbers: readonly number[]) => {
    this.reads.trials++
    return numbers.flatMap((trial) => {
      const status = this.trials[trial - 1]
      return status === undefined ? [] : [{ trial, status } as Trial]
    })
  }

  sweep = async () => {
    this.reads.sweep++
    return { id: 'sweep', status: this.status, created: this.trials.length } as Sweep
  }
}

afterEach(() => {
  vi.useRealTimers()
})

const opened = (sweep: FakeSweep) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date'] })
  return new LiveSweeps(sweep)
}

/** A reader that keeps the last state of each trial, and reconnects after its position. */
class Reader {
  readonly messages: SweepMessage[] = []
  readonly trials = new Map<number, string>()
  position = 0
  ended: Promise<unknown> = Promise.resolve()
  #close = () => {}

  constructor(private readonly live: LiveSweeps) {}

  async connect(send = async () => {}): Promise<void> {
    const watch = await this.live.open('mine', 'sweep', this.position)
    if (watch === null) throw new Error('no sweep')
    let isOpen = true
    this.#close = () => {
      isOpen = false
      watch.close()
    }
    this.ended = watch.follow(async (message) => {
      if (!isOpen) return
      await send()
      this.messages.push(message)
      if (message.type !== 'trials') return
      for (const { trial, status } of message.trials) this.trials.set(trial, status)
      this.position = message.position
    })
  }

  disconnect(): void {
    this.#close()
  }
}

const steps = fc.array(
  fc.record({
    action: fc.constantFrom('create', 'create', 'change', 'change', 'change', 'wait', 'reconnect'),
    pick: fc.nat(1_000),
    isHintLost: fc.boolean(),
  }),
  { maxLength: 60 },
)

it('receives the last state of each trial, also after reconnections and without hints', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const sweep = new FakeSweep()
      const live = opened(sweep)
      const reader = new Reader(live)
      await reader.connect()
      const change = (trial: number, status: JobStatus, isHintLost: boolean) => {
        sweep.trials[trial - 1] = status
        if (!isHintLost) live.report({ jobId: `job_${trial}`, status })
      }
      for (const { action, pick, isHintLost } of history) {
        const open = sweep.trials.flatMap((status, index) => (isFinished(status) ? [] : [index + 1]))
        const statuses: JobStatus[] = ['running', 'paused', 'queued', 'succeeded', 'failed', 'cancelled']
        if (action === 'create') for (let n = 0; n <= pick % 300; n++) sweep.trials.push('queued')
        else if (action === 'change' && open.length > 0)
          change(open[pick % open.length], statuses[pick % 6], isHintLost)
        else if (action === 'wait') await vi.advanceTimersByTimeAsync(pick)
        else if (action === 'reconnect') {
          reader.disconnect()
          await reader.connect()
        }
      }
      for (const [index, status] of sweep.trials.entries()) {
        if (!isFinished(status)) sweep.trials[index] = 'succeeded'
      }
      sweep.status = 'succeeded'
      await vi.advanceTimersByTimeAsync(2_500)
      expect(await reader.ended).toBe('ended')
      expect([...reader.trials].toSorted(([a], [b]) => a - b)).toEqual(
        sweep.trials.map((status, index) => [index + 1, status]),
      )
      expect(reader.messages.at(0)?.type).toBe('sweep')
      expect(reader.messages.filter(({ type }) => type === 'end')).toHaveLength(1)
      expect(reader.messages.at(-1)).toMatchObject({ type: 'end', sweep: { status: 'succeeded' } })
      live.close()
    }),
    { numRuns: 60, seed: testSeeds(1)[0] },
  )
}, 120_000)

it('sends only what changed, and its position is before the first unfinished trial', async () => {
  const sweep = new FakeSweep()
  sweep.trials.push('succeeded', 'running', 'succeeded')
  const live = opened(sweep)
  const reader = new Reader(live)
  await reader.connect()
  await vi.advanceTimersByTimeAsync(10)
  expect(reader.messages.at(-1)).toMatchObject({
    position: 1,
    trials: [{ trial: 1 }, { trial: 2 }, { trial: 3 }],
  })
  sweep.trials.push('queued')
  sweep.trials[1] = 'paused'
  live.report({ jobId: 'job_2', status: 'paused' })
  await vi.advanceTimersByTimeAsync(100)
  expect(reader.messages.at(-1)).toEqual({
    type: 'trials',
    position: 1,
    trials: [
      { trial: 2, status: 'paused' },
      { trial: 4, status: 'queued' },
    ],
  })
  const { length } = reader.messages
  // Hints without a change of status, and of other jobs, are not read.
  const reads = sweep.reads.state
  live.report({ jobId: 'job_2', status: 'paused' })
  live.report({ jobId: 'job_9', status: 'succeeded' })
  await vi.advanceTimersByTimeAsync(500)
  expect([reader.messages.length, sweep.reads.state - reads]).toEqual([length, 0])
  live.close()
})

it('gathers the changes for a slow reader', async () => {
  const sweep = new FakeSweep()
  const live = opened(sweep)
  const reader = new Reader(live)
  let release = () => {}
  await reader.connect(
    () =>
      new Promise((resolve) => {
        release = resolve
      }),
  )
  for (let round = 0; round < 50; round++) {
    sweep.trials.push('succeeded')
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(reader.messages).toEqual([])
  expect(sweep.reads.trials).toBe(0)
  release()
  await vi.advanceTimersByTimeAsync(1_000)
  release()
  await vi.advanceTimersByTimeAsync(1_000)
  const [message] = reader.messages.filter(({ type }) => type === 'trials')
  expect(message).toMatchObject({ position: 50 })
  live.close()
})

it('shares the reads of many readers', async () => {
  const sweep = new FakeSweep()
  sweep.trials.push('running')
  const live = opened(sweep)
  const readers = Array.from({ length: 20 }, () => new Reader(live))
  for (const reader of readers) await reader.connect()
  await vi.advanceTimersByTimeAsync(1_500)
  sweep.reads = { state: 0, trials: 0, sweep: 0 }
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sweep.reads.state).toBeLessThanOrEqual(11)
  expect(sweep.reads.sweep).toBeLessThanOrEqual(11)
  expect(live.watchers).toBe(20)
  live.close()
  await vi.advanceTimersByTimeAsync(200)
  expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual(Array(20).fill('closing'))
  expect(live.watchers).toBe(0)
})

it('ends when the sweep is deleted, and does not open for another tenant', async () => {
  const sweep = new FakeSweep()
  const live = opened(sweep)
  expect(await live.open('other', 'sweep', 0)).toBeNull()
  const reader = new Reader(live)
  await reader.connect()
  await vi.advanceTimersByTimeAsync(10)
  const gone = vi.spyOn(sweep, 'state').mockResolvedValue(null as never)
  await vi.advanceTimersByTimeAsync(1_500)
  expect(gone).toHaveBeenCalled()
  expect(await reader.ended).toBe('deleted')
  live.close()
})
