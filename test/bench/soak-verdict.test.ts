/** The verdicts of `npm run soak` on resources whose course is known. */
import { describe, expect, it } from 'vitest'
import type { Gauge, Sample } from '../../bench/soak/samples.js'
import { growingTables, judge } from '../../bench/soak/verdict.js'

const stable: Omit<Sample, 'seconds' | 'ended'> = {
  apiMebibytes: 300,
  workerMebibytes: 250,
  postgresMebibytes: 150,
  sharedMebibytes: 60,
  connections: 18,
  descriptors: 78,
  tableMebibytes: 40,
  uncountedMebibytes: 35,
  logMebibytes: 128,
  otherMebibytes: 1,
  sharedLimitMebibytes: 143,
  lagMilliseconds: 20,
  jobs: {},
  tables: {},
}
const lastKill = 600

/** Fifteen minutes with a sample each 5 s and 20 jobs a second, and what differs at each time. */
const run = (change: (seconds: number) => Partial<Sample>): Sample[] =>
  Array.from({ length: 180 }, (_, n) => 5 * (n + 1)).map((seconds) => ({
    ...stable,
    ...{ seconds, ended: 20 * seconds },
    ...change(seconds),
  }))

const judgementOf = (gauge: Gauge, change: (seconds: number) => Partial<Sample>) => {
  const found = judge(run(change), lastKill).find((each) => each.gauge === gauge)
  if (found === undefined) throw new Error(`${gauge} has no verdict`)
  return found
}

describe('the verdict of a soak', () => {
  it('is flat for resources that stay', () => {
    const verdicts = Object.fromEntries(
      judge(
        run(() => ({})),
        lastKill,
      ).map((each) => [each.gauge, each.verdict]),
    )
    expect(verdicts).toEqual({
      apiMebibytes: 'flat',
      workerMebibytes: 'flat',
      postgresMebibytes: 'flat',
      sharedMebibytes: 'flat',
      connections: 'flat',
      descriptors: 'flat',
      tableMebibytes: 'stored',
      uncountedMebibytes: 'flat',
      logMebibytes: 'flat',
      otherMebibytes: 'flat',
    })
  })

  it('finds a process that leaks 15 MiB a minute after the last kill', () => {
    const leak = judgementOf('workerMebibytes', (seconds) => ({
      workerMebibytes: 200 + Math.max(0, seconds - lastKill) / 4,
    }))
    expect(leak.verdict).toBe('grows')
    // The lows are at 705 and 870 s.
    expect(leak.growth).toBeCloseTo(165 / 4)
  })

  it('ignores what a garbage collection frees', () => {
    const sawtooth = judgementOf('apiMebibytes', (seconds) => ({ apiMebibytes: 250 + (seconds % 40) * 4 }))
    expect(sawtooth).toMatchObject({ verdict: 'flat' })
    expect(Math.abs(sawtooth.growth)).toBeLessThan(16)
  })

  it('ignores how a process warms up, and how it grew before it was killed', () => {
    const warm = (seconds: number) => ({
      workerMebibytes: seconds < lastKill ? 100 + seconds / 2 : 200 + Math.min(100, seconds - lastKill),
    })
    expect(judgementOf('workerMebibytes', warm)).toMatchObject({ verdict: 'flat', growth: 0 })
  })

  it('does not decide about growth while the work grows, too', () => {
    const busier = (seconds: number) => ({
      workerMebibytes: 200 + Math.max(0, seconds - lastKill) / 4,
      // The middle of the samples after the warm-up.
      ended: seconds < 805 ? 20 * seconds : 16_100 + 40 * (seconds - 805),
    })
    expect(judgementOf('workerMebibytes', busier)).toMatchObject({
      verdict: 'undecided',
      reason: '100 % more jobs a minute',
    })
  })

  it('does not decide by a few samples', () => {
    const late = judge(
      run(() => ({})),
      870,
    ).find(({ gauge }) => gauge === 'workerMebibytes')
    expect(late).toMatchObject({ verdict: 'undecided', reason: 'only 4 samples after the warm-up' })
  })

  it('begins the second half by time, also if it has fewer samples', () => {
    const samples = run((seconds) => ({ uncountedMebibytes: Math.min(450, seconds) })).filter(
      ({ seconds }) => seconds <= 450 || seconds % 20 === 0,
    )
    const found = judge(samples, lastKill).find(({ gauge }) => gauge === 'uncountedMebibytes')
    expect(found).toMatchObject({ verdict: 'flat', growth: 0 })
  })

  it('lets tables grow by what counts as stored, and by nothing else', () => {
    const stored = (seconds: number) => ({ tableMebibytes: 40 + seconds / 10 })
    expect(judgementOf('tableMebibytes', stored)).toMatchObject({ verdict: 'stored' })
    expect(judgementOf('uncountedMebibytes', stored).verdict).toBe('flat')
    const uncounted = judgementOf('uncountedMebibytes', (seconds) => ({
      uncountedMebibytes: 40 + seconds / 10,
    }))
    expect(uncounted.verdict).toBe('grows')
    // From 455 to 900 s.
    expect(uncounted.growth).toBeCloseTo(44.5)
  })

  it('lets a cache fill, but not above its limit', () => {
    const fill = (most: number) => (seconds: number) => ({
      sharedMebibytes: Math.min(most, 20 + seconds / 5),
    })
    expect(judgementOf('sharedMebibytes', fill(143)).verdict).toBe('flat')
    expect(judgementOf('sharedMebibytes', fill(150)).verdict).toBe('grows')
  })

  it('names the tables that grew, with bytes a job', () => {
    const samples = run((seconds) => ({ tables: { Job: 100, AuditEntry: seconds, Model: 2 * seconds } }))
    // 445 s: 445 and 890 KiB for 8,900 jobs.
    expect(growingTables(samples, 2)).toEqual([
      { name: 'Model', mebibytes: 890 / 1024, bytesPerJob: (890 * 1024) / 8_900 },
      { name: 'AuditEntry', mebibytes: 445 / 1024, bytesPerJob: (445 * 1024) / 8_900 },
    ])
  })
})
