/** Faults in turns between tenants. */
export const turns = [
  {
    file: 'src/training/bulk-work.ts',
    tests: ['test/training/bulk-work.test.ts'],
    faults: [
      ['lane.queue.isEmpty && this.#mayRun(lane)', 'this.#mayRun(lane)'],
      ['lane.queue.add(tenantId,', "lane.queue.add('',"],
      ['              reject(error)\n', '              void error\n'],
      ['performance.now() - start + milliseconds', 'performance.now() - start'],
      [' && lane.hasTasksLeft(share)', ''],
      ['(this.#next + 1) % this.#lanes.length', 'this.#next'],
    ],
  },
  {
    file: 'src/base/tenant-turns.ts',
    tests: ['test/base/tenant-turns.test.ts', 'test/http/request-turns.test.ts'],
    faults: [
      ['this.#heldByAll < this.limits.atOnce', 'this.#heldByAll <= this.limits.atOnce'],
      ['this.held(tenantId) < this.#share(tenantId)', 'this.held(tenantId) <= this.#share(tenantId)'],
      ['if (others.size >= mostWaiting)', 'if (others.size > mostWaiting)'],
      ['held < best.held ||', 'held > best.held ||'],
      ['waiting.number < best.waiting.number', 'waiting.number > best.waiting.number'],
      ["        signal?.removeEventListener('abort', onAbort)\n", ''],
      ['this.#waiting.has(tenantId) || !this.#mayBegin(tenantId)', '!this.#mayBegin(tenantId)'],
    ],
  },
]
