/** Limits of queued jobs and stored bytes are exact, for any concurrent creations and batches. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import type { Limits } from '../../src/contract/limits.js'
import { Problem } from '../../src/contract/problems.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { type Database, openDatabase } from '../../src/store/database.js'
import { datasetStore } from '../../src/store/datasets.js'
import { jobStore } from '../../src/store/jobs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import type { AllJobs, NewJob } from '../../src/training/ports/jobs.js'
import { expectTrueCounters } from '../support/counters.js'
import { newJob, openStores, type Stores } from '../support/stores.js'
import { uploadOf } from '../support/tables.js'
import { upTo } from '../support/watching.js'

let stores: Stores
/** Two processes on one database. */
let databases: [Database, Database]

beforeAll(async () => {
  stores = await openStores()
  databases = [openDatabase(stores.connectionString), openDatabase(stores.connectionString)]
})

afterAll(async () => {
  await Promise.all(databases.map((database) => database.$disconnect()))
  await stores.close()
})

beforeEach(async () => {
  await stores.database.job.deleteMany()
  await stores.database.dataset.deleteMany()
})

const storesWith = (limits: Partial<Limits>): AllJobs[] =>
  databases.map((database) => jobStore(database, { ...unlimited, ...limits }))

async function outcomeOf(creation: Promise<Job>): Promise<Job | Problem> {
  return creation.catch((error: unknown) => {
    if (error instanceof Problem) return error
    throw error
  })
}

const isRefused = (outcome: Job | Problem): outcome is Problem => outcome instanceof Problem

/**
 * What each job of these tests stores besides weights: 32 bytes per epoch, and its spec as JSON, with a seed
 * of one digit.
 */
const { spec } = newJob()
const base = 32 * spec.epochs + JSON.stringify({ ...spec, seed: 1 }).length

const bytesOf = ({ parameters }: Pick<NewJob, 'parameters'>) => base + 4 * parameters

/** Creates jobs through both processes concurrently. */
async function createAtOnce(jobs: NewJob[], limits: Partial<Limits>, tenantId = 'local') {
  const through = storesWith(limits)
  return Promise.all(
    jobs.map(async (job, index) => {
      const outcome = await outcomeOf(through[index % 2].of(tenantId).create(job))
      return { job, outcome }
    }),
  )
}

const usedBy = (tenantId: string) => stores.tenants.use(tenantId)

describe('64 concurrent creations, in two processes', () => {
  it('fill the limit of queued jobs exactly', async () => {
    for (const limit of [1, 40, 63, 64]) {
      await stores.database.job.deleteMany()
      const done = await createAtOnce(
        upTo(64).map(() => newJob()),
        { queuedJobs: limit },
      )
      const refused = done.map(({ outcome }) => outcome).filter(isRefused)
      expect(refused).toHaveLength(64 - limit)
      const says = `${limit + 1} jobs would be queued or paused; the limit is ${limit} `
      for (const { code, detail } of refused)
        expect([code, detail]).toEqual(['too-many-jobs', expect.stringContaining(says)])
      expect((await usedBy('local')).queuedJobs).toBe(limit)
      await expectTrueCounters(stores.database)
    }
  })

  it('fill the limit of stored bytes, and are refused only if they do not fit', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 64, maxLength: 64 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 250_000 }), async (parameters, storedLimit) => {
        await stores.database.job.deleteMany()
        const jobs = parameters.map((each) => newJob({ parameters: each }))
        const done = await createAtOnce(jobs, { storedBytes: storedLimit })
        const { storedBytes } = await usedBy('local')
        expect(storedBytes).toBeLessThanOrEqual(storedLimit)
        const accepted = done.filter(({ outcome }) => !isRefused(outcome))
        expect(storedBytes).toBe(accepted.reduce((sum, { job }) => sum + bytesOf(job), 0))
        for (const { job, outcome } of done) {
          if (!isRefused(outcome)) continue
          expect(outcome.code).toBe('too-much-stored')
          expect(storedBytes + bytesOf(job)).toBeGreaterThan(storedLimit)
        }
      }),
      { numRuns: 10 },
    )
    await expectTrueCounters(stores.database)
  })

  it('share the limit with concurrent datasets', async () => {
    const { datasets, database } = stores
    const rows = () => uploadOf(tableFromInline({ x: upTo(200).map(Math.sin), y: upTo(200).map(Math.cos) }))
    const { bytes, id } = await datasets.create(rows())
    await datasets.delete(id)
    const limits = { ...unlimited, storedBytes: 10 * bytes + 8 * base }
    const job = { parameters: Math.floor(bytes / 8) }
    const store = datasetStore(databases[0], limits).of('local')
    const [uploads, jobs] = await Promise.all([
      Promise.allSettled(upTo(8).map(() => store.create(rows()))),
      createAtOnce(
        upTo(12).map(() => newJob(job)),
        limits,
      ),
    ])
    const stored = uploads.filter(({ status }) => status === 'fulfilled').length
    const accepted = jobs.filter(({ outcome }) => !isRefused(outcome)).length
    const { storedBytes } = await usedBy('local')
    expect(storedBytes).toBeLessThanOrEqual(limits.storedBytes)
    expect(storedBytes).toBeGreaterThan(limits.storedBytes - Math.min(bytes, bytesOf(job)))
    expect([stored, accepted].every((count) => count > 0)).toBe(true)
    for (const upload of uploads) {
      if (upload.status === 'rejected') expect(upload.reason).toMatchObject({ code: 'too-much-stored' })
    }
    await expectTrueCounters(database)
  })

  it('have separate limits, and do not count those of others', async () => {
    await stores.database.tenant.create({ data: { id: 'narrow', limits: { queuedJobs: 3 } } })
    const [narrow, wide] = await Promise.all([
      createAtOnce(
        upTo(32).map(() => newJob()),
        { queuedJobs: 20 },
        'narrow',
      ),
      createAtOnce(
        upTo(32).map(() => newJob()),
        { queuedJobs: 20 },
        'wide',
      ),
    ])
    const acceptedOf = (done: { outcome: Job | Problem }[]) =>
      done.filter(({ outcome }) => !isRefused(outcome)).length
    expect([acceptedOf(narrow), acceptedOf(wide)]).toEqual([3, 20])
    const refused = narrow.map(({ outcome }) => outcome).filter(isRefused)
    expect(refused[0].detail).toContain('the limit is 3 (this tenant’s own limit in place of')
  })
})

describe('jobs stored by one statement', () => {
  /** The first is sent alone; the others wait for its answer and share a statement. */
  async function createTogether(limits: Partial<Limits>, given: { tenantId: string; job: NewJob }[]) {
    const jobs = jobStore(stores.database, { ...unlimited, ...limits })
    const query = vi.spyOn(stores.database.pool, 'query')
    try {
      const first = outcomeOf(jobs.of('first').create(newJob({ parameters: 0 })))
      await new Promise((resolve) => setImmediate(resolve))
      const outcomes = given.map(({ tenantId, job }) => outcomeOf(jobs.of(tenantId).create(job)))
      await first
      const answers = await Promise.all(outcomes)
      return { outcomes: answers, statements: query.mock.calls.length - 1 }
    } finally {
      query.mockRestore()
    }
  }

  it('are refused individually: those that fit are stored', async () => {
    const of = (changes: Partial<NewJob>, tenantId = 'a') => ({ tenantId, job: newJob(changes) })
    const { outcomes, statements } = await createTogether({ storedBytes: 10_000_000 + 9 * base }, [
      of({ parameters: 2_000_000 }),
      of({ parameters: 1_000_000 }),
      of({ parameters: 10_000, datasetId: newId('dataset') }),
      of({ parameters: 510_000 }),
      of({ parameters: 2_500_000 }, 'b'),
      of({ parameters: 500_000 }),
      of({ parameters: 10_000 }),
      of({ parameters: 10_000 }, 'b'),
      of({ parameters: 0 }),
    ])
    expect(outcomes.map((outcome) => (isRefused(outcome) ? outcome.code : outcome.status))).toEqual([
      'queued',
      'too-much-stored',
      'invalid-spec',
      'too-much-stored',
      'queued',
      'queued',
      'too-much-stored',
      'too-much-stored',
      'queued',
    ])
    // As in sequence.
    const details = outcomes.flatMap((outcome) => (isRefused(outcome) ? outcome.detail : []))
    const demands = [
      12_000_000 + 2 * base,
      10_040_000 + 2 * base,
      10_040_000 + 3 * base,
      10_040_000 + 2 * base,
    ]
    const said = demands.map((bytes) => expect.stringContaining(`${bytes} bytes`))
    expect(details).toEqual([said[0], expect.stringContaining('no longer exists'), ...said.slice(1)])
    expect(statements).toBe(3)
  })

  it('take few statements for any number of refusals', async () => {
    const given = upTo(300).map(() => ({ tenantId: 'a', job: newJob() }))
    const { outcomes, statements } = await createTogether({ queuedJobs: 100 }, given)
    expect(outcomes.map(isRefused)).toEqual(upTo(300).map((index) => index > 100))
    expect(statements).toBe(1)
  })

  it('have the same outcomes as in sequence', async () => {
    const job = fc.record({
      tenantId: fc.constantFrom('a', 'b'),
      parameters: fc.integer({ min: 0, max: 100 }),
      isMissing: fc.constantFrom(false, false, false, true),
    })
    const limits = fc.record({
      queuedJobs: fc.integer({ min: 1, max: 12 }),
      storedBytes: fc.integer({ min: 1, max: 60_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 30 }), limits, async (given, allowed) => {
        await stores.database.job.deleteMany()
        const items = given.map(({ tenantId, parameters, isMissing }) => ({
          tenantId,
          job: newJob({ parameters, datasetId: isMissing ? newId('dataset') : null }),
        }))
        const { outcomes } = await createTogether(allowed, items)
        const use = { a: { jobs: 0, bytes: 0 }, b: { jobs: 0, bytes: 0 } }
        const expected = given.map(({ tenantId, parameters, isMissing }) => {
          const own = use[tenantId === 'a' ? 'a' : 'b']
          if (isMissing) return 'invalid-spec'
          const bytes = own.bytes + bytesOf({ parameters })
          if (own.jobs + 1 > allowed.queuedJobs || bytes > allowed.storedBytes) return 'limited'
          own.jobs += 1
          own.bytes = bytes
          return 'queued'
        })
        // Either of two exceeded limits may be named.
        const reached = outcomes.map((outcome) => {
          if (!isRefused(outcome)) return outcome.status
          return outcome.code === 'invalid-spec' ? outcome.code : 'limited'
        })
        expect(reached).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })
})
