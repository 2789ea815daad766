/** When caches evict what is not used. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { evictUnusedForever } from '../../workers/unused-datasets.js'

it('evicts each minute what was last used five minutes ago, until it is stopped', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const begin = performance.now()
  const ages: number[] = []
  const cache = { evictUnused: (before: number) => ages.push(begin - before) }
  const { stop } = evictUnusedForever([cache])
  vi.advanceTimersByTime(125_000)
  expect(ages).toEqual([240_000, 180_000])
  stop()
  vi.advanceTimersByTime(600_000)
  expect(ages).toHaveLength(2)
})
