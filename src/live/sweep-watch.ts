/**
 * A reader of one sweep: sends the sweep, its trials whenever their status changes, and its end. It compares the state of the
 * database with what it sent, so lost hints delay messages only. Changes while the reader is slow are sent as one.
 */
import type { JobStatus } from '../contract/job-status.js'
import { type Sweep, type SweepStatus, unfinishedSweepStatuses } from '../contract/sweep.js'
import type { SweepMessage } from '../contract/sweep-stream.js'
import type { Wakeable } from './feed.js'
import type { SweepFeed } from './sweep-feed.js'
import type { SweepState } from './sweep-watch-store.js'
import { WakeSignal } from './wake-signal.js'
import type { WatchEnd } from './watch.js'

/** The receiver of the messages. It resolves when the reader can receive more. */
type SendSweepMessage = (message: SweepMessage) => Promise<void>

/** Trials of a message. */
const trialsAtOnce = 250

/** Between reads of the state, so that ends of short trials are sent together. */
const gatherMilliseconds = 100

const isUnfinished = (status: SweepStatus) => unfinishedSweepStatuses.some((each) => each === status)

export class SweepWatch implements Wakeable {
  /** The unfinished trials as they were sent. */
  #known: ReadonlyMap<number, JobStatus> = new Map()
  /** The last trial that was sent or is known to the reader. */
  #created: number
  #lastSent: string | undefined
  #version = -1
  #stopped: 'gone' | 'closing' | undefined
  readonly #signal = new WakeSignal()

  constructor(
    private readonly feed: SweepFeed,
    private readonly tenantId: string,
    after: number,
    private readonly onClose: () => void,
  ) {
    this.#created = after
    feed.watchers.add(this)
  }

  /** Resolves with false when the tenant has no such sweep. */
  async open(): Promise<boolean> {
    return (await this.#read()) !== null
  }

  /** Sends all messages, without trials if `summary`. Resolves with the reason of the end. */
  async follow(send: SendSweepMessage, { summary = false }: { summary?: boolean } = {}): Promise<WatchEnd> {
    try {
      while (this.#stopped === undefined) {
        const end = await this.#step(send, summary)
        if (end !== null) return end
        await this.#waitForChange()
      }
      return this.#stopped
    } finally {
      this.close()
    }
  }

  wake(): void {
    this.#signal.wake()
  }

  close(why: 'gone' | 'closing' = 'gone'): void {
    if (this.#stopped !== undefined) return
    this.#stopped = why
    this.feed.watchers.delete(this)
    this.#signal.wake()
    this.onClose()
  }

  async #read(): Promise<SweepState | null> {
    const { version, state } = await this.feed.read()
    this.#version = version
    return state?.tenantId === this.tenantId ? state : null
  }

  async #step(send: SendSweepMessage, summary: boolean): Promise<WatchEnd | null> {
    if (this.#lastSent === undefined) await this.#sendSummary(send, await this.feed.summary())
    const state = await this.#read()
    if (state === null) return 'deleted'
    if (!summary) await this.#sendTrials(send, state)
    if (!isUnfinished(state.status)) {
      const sweep = await this.feed.final()
      if (sweep === null) return 'deleted'
      await send({ type: 'end', sweep })
      return 'ended'
    }
    if (Date.now() >= this.feed.summaryAt) await this.#sendSummary(send, await this.feed.summary())
    return null
  }

  async #sendSummary(send: SendSweepMessage, sweep: Sweep | null): Promise<void> {
    if (sweep === null) return
    const text = JSON.stringify({ ...sweep, estimatedFinishAt: null })
    if (this.#lastSent === text) return
    this.#lastSent = text
    await send({ type: 'sweep', sweep })
  }

  /** Sends the trials that differ from what was sent. */
  async #sendTrials(send: SendSweepMessage, { created, unfinished }: SweepState): Promise<void> {
    const now = new Map(unfinished.map(({ trial, status }) => [trial, status]))
    const changed = this.#changed(now, created)
    const settled = Math.min(created, ...unfinished.map(({ trial }) => trial - 1))
    for (let first = 0; first < changed.length; first += trialsAtOnce) {
      if (this.#stopped !== undefined) return
      const next = changed[first + trialsAtOnce] ?? Number.POSITIVE_INFINITY
      const trials = await this.feed.trials(changed.slice(first, first + trialsAtOnce))
      const position = Math.min(settled, next - 1)
      if (trials.length > 0) await send({ type: 'trials', position, trials })
    }
    this.#known = now
    this.#created = Math.max(this.#created, created)
  }

  /** Ascending: new trials, and those whose status is another than before. */
  #changed(now: ReadonlyMap<number, JobStatus>, created: number): number[] {
    const known = [...this.#known].flatMap(([trial, status]) => (now.get(trial) === status ? [] : [trial]))
    // A reader may claim trials that have not ended.
    const earlier = [...now.keys()].filter((trial) => trial <= this.#created && !this.#known.has(trial))
    const fresh = Array.from(
      { length: Math.max(0, created - this.#created) },
      (_, index) => this.#created + index + 1,
    )
    return [...known, ...earlier, ...fresh].sort((a, b) => a - b)
  }

  /** Resolves after a change of a trial, when the summary is old, or when the watch closes. */
  async #waitForChange(): Promise<void> {
    await new WakeSignal().wait(gatherMilliseconds)
    if (this.feed.version === this.#version && this.#stopped === undefined) await this.#signal.wait()
  }
}
