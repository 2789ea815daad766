/** Faults in live streams. */
const hints = 'test/live/hints.test.ts'

export const live = [
  {
    file: 'src/live/watch.ts',
    tests: [hints],
    faults: [
      [
        'if (this.feed.version === this.version && this.stopped === undefined) await',
        'if (this.stopped === undefined) await',
      ],
      ['    this.version = reading.version\n', '    this.version = this.feed.version\n'],
      ['this.position = lastEpoch(epochs)', 'this.position = lastEpoch(epochs) - 1'],
      [
        'lastSent?.status !== job.status || lastSent.epochs !== job.epochs',
        'lastSent?.epochs !== job.epochs',
      ],
      ['this.feed.status === this.lastSent?.status', 'true'],
      ['const summaryMilliseconds = 1_000', 'const summaryMilliseconds = 900'],
      ['    this.reading = undefined\n    if (view', '    if (view'],
    ],
  },
  {
    file: 'src/live/feed.ts',
    tests: [hints, 'test/live/live.test.ts'],
    faults: [
      ['    this.version++\n', ''],
      ['for (const watcher of this.watchers) watcher.wake()', ''],
      [
        'if (this.latest?.status !== status || this.latest.epoch !== epoch) this.wake()',
        'if (this.latest?.epoch !== epoch) this.wake()',
      ],
      ['if (this.latest?.status !== status || this.latest.epoch !== epoch) this.wake()', 'this.wake()'],
      ['if (!fresh && shared?.version === version)', 'if (!fresh && shared !== undefined)'],
      ['if (this.reading === reading) this.reading = undefined', ''],
    ],
  },
  {
    file: 'src/live/wake-signal.ts',
    tests: [hints],
    faults: [
      ['    clearTimeout(timer)\n', ''],
      ['if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds)', ''],
    ],
  },
  {
    file: 'src/live/live.ts',
    tests: [hints, 'test/live/live.test.ts'],
    faults: [
      ['const pollMilliseconds = 2_000', 'const pollMilliseconds = 200_000'],
      ['for (const feed of gone.values()) feed.wake()', ''],
      [
        'feed.watchers.size === 0 && this.feeds.get(jobId) === feed',
        'feed.watchers.size === 1 && this.feeds.get(jobId) === feed',
      ],
    ],
  },
  {
    file: 'src/live/batch-loader.ts',
    tests: ['test/live/batch-loader.test.ts'],
    faults: [
      ['this.#running < this.limits.concurrency', 'this.#running <= this.limits.concurrency'],
      ['batch.length < this.limits.size', 'batch.length <= this.limits.size'],
      ['this.#pending.delete(pending.key)', ''],
      ['this.#queue.add(tenantId, pending)', "this.#queue.add('', pending)"],
      ['for (const { reject } of batch) reject(error)', 'batch[0]?.reject(error)'],
    ],
  },
  {
    file: 'src/live/semaphore.ts',
    tests: ['test/live/batch-loader.test.ts'],
    faults: [
      ['if (this.#free > 0) this.#free--', 'if (this.#free >= 0) this.#free--'],
      ['this.#waiting.shift()', 'this.#waiting.pop()'],
    ],
  },
]
