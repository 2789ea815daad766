/** Faults in the workers and in what is chosen before a training. */
export const workers = [
  {
    file: 'src/training/defaults.ts',
    tests: ['test/training/defaults.test.ts'],
    faults: [
      ['Math.floor(first.max) + 1', 'Math.floor(first.max)'],
      ['Math.min(folds, ...rowsOfClasses.filter((rows) => rows > 0))', 'Math.min(folds, ...rowsOfClasses)'],
      ['data.isTruthTable || data.rows < fewestRows', 'data.isTruthTable || data.rows <= fewestRows'],
      ['data.rows < rowsToHoldOut ||', 'data.rows <= rowsToHoldOut ||'],
    ],
  },
  {
    file: 'src/training/slices.ts',
    tests: ['test/training/slices.test.ts'],
    faults: [
      ['if (paused.length > 0) setImmediate(runNext)', ''],
      ["if (this.of === 'request') pausedRequests--", ''],
      ['now - lastSliceAt < patienceMilliseconds', 'now - lastSliceAt < 100 * patienceMilliseconds'],
    ],
  },
  {
    file: 'src/training/reconcile.ts',
    tests: ['test/training/reconcile.test.ts'],
    faults: [
      ['      running = undefined\n', ''],
      ['if (await jobs.anyQueued()) await queue.wake()', 'if (jobs.anyQueued()) await queue.wake()'],
    ],
  },
  {
    file: 'workers/packed-snapshot.ts',
    tests: ['test/workers/packed-snapshot.test.ts'],
    faults: [
      ['numbers.slice(offset, offset + length)', 'numbers.slice(offset, length)'],
      ['best: Object.keys(best).length === 0 ? null : best', 'best'],
      ['if (array?.length !== length)', 'if (place === undefined)'],
    ],
  },
  {
    file: 'workers/stored-tables.ts',
    tests: ['test/workers/stored-tables.test.ts'],
    faults: [
      ['    this.#entries.delete(id)\n    this.#entries.set(id, entry)', '    this.#entries.set(id, entry)'],
      ['      this.#entries.delete(id)\n      throw error', '      throw error'],
      ['      bytes -= entry.bytes\n', ''],
    ],
  },
  {
    file: 'workers/cross-validate.ts',
    tests: ['test/workers/cross-validate.test.ts'],
    faults: [
      [
        'answers.subarray(index * outputs, (index + 1) * outputs), row * outputs',
        'answers.subarray(index * outputs, (index + 1) * outputs), index * outputs',
      ],
    ],
  },
]
