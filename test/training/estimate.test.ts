/** How past trainings correct what was measured; the real service is asked in test/e2e/validate.test.ts. */
import { describe, expect, it } from 'vitest'
import { estimateSeconds, type Work } from '../../src/training/estimate.js'
import type { FinishedRun } from '../../src/training/ports/speed.js'

const speed = { secondsPerStep: 1e-6, flopsPerSecond: 1e10, usesThreads: true }
const small = { steps: 1e6, flops: 1e8, threads: 1 }
const large = { steps: 1e4, flops: 1e12, threads: 1 }

describe('an estimate', () => {
  it('without past runs follows the measured speed', () => {
    expect(estimateSeconds(small, speed, [])).toBeCloseTo(0.03 + 1 + 0.01)
    expect(estimateSeconds(large, speed, [])).toBeCloseTo(0.03 + 0.01 + 100)
  })

  it('follows past runs of similar size', () => {
    const slow = { steps: 2e8, flops: 2e10, threads: 1, seconds: 5 * 202 }
    const fast = { steps: 1e5, flops: 1e13, threads: 1, seconds: 0.5 * 1000.1 }
    const relative = (work: Work, past: FinishedRun[]) =>
      estimateSeconds(work, speed, past) / estimateSeconds(work, speed, [])
    expect(relative(small, [slow, fast])).toBeCloseTo(5, 0)
    expect(relative(large, [slow, fast])).toBeCloseTo(0.5, 1)
    expect(relative(large, [slow])).toBeCloseTo(5, 0)
  })

  it('changes little after very short runs', () => {
    const short = { steps: 1e4, flops: 1e6, threads: 1, seconds: 0.3 }
    expect(estimateSeconds(small, speed, [short])).toBeLessThan(2 * estimateSeconds(small, speed, []))
  })

  it('counts threads only if they share the work', () => {
    const wide = { ...large, threads: 4 }
    expect(estimateSeconds(wide, speed, [])).toBeCloseTo(0.03 + 0.01 + 25)
    expect(estimateSeconds(wide, { ...speed, usesThreads: false }, [])).toBeCloseTo(0.03 + 0.01 + 100)
  })

  it('of an empty job is the time to start', () => {
    expect(estimateSeconds({ steps: 0, flops: 0, threads: 1 }, speed, [])).toBeCloseTo(0.03)
  })
})
