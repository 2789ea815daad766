/** What a job counts against in each of its states: jobs that wait, jobs that run, bytes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobStatus, jobStatusSchema } from '../../src/contract/job-status.js'
import { jobStore } from '../../src/store/jobs.js'
import { runStore } from '../../src/store/runs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { expectTrueCounters } from '../support/counters.js'
import {
  claimJob,
  claimNext,
  epochsOf,
  linearModel,
  newJob,
  openStores,
  type Stores,
  storeEpochs,
} from '../support/stores.js'

let stores: Stores
let tenants = 0

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const failure = { code: 'internal', message: 'broken', epoch: null } as const

/** How a new job comes into a state, by each way there. */
const ways: readonly (readonly [JobStatus, string, (tenantId: string, id: string) => Promise<unknown>])[] = [
  ['queued', 'as it was created', async () => {}],
  [
    'queued',
    'back from its worker',
    async (_, id) => stores.runs.release(await claimJob(stores, id), 'interrupted'),
  ],
  [
    'queued',
    'resumed',
    async (tenantId, id) => {
      await stores.jobs.of(tenantId).pause(id)
      await stores.jobs.of(tenantId).resume(id, {})
    },
  ],
  ['running', 'claimed', async (_, id) => claimJob(stores, id)],
  [
    'running',
    'with epochs',
    async (_, id) => storeEpochs(stores, await claimJob(stores, id), epochsOf([1, 2])),
  ],
  ['paused', 'before it began', async (tenantId, id) => stores.jobs.of(tenantId).pause(id)],
  [
    'paused',
    'while it ran',
    async (tenantId, id) => {
      await storeEpochs(stores, await claimJob(stores, id), epochsOf([1, 2]))
      await stores.jobs.of(tenantId).pause(id)
    },
  ],
  [
    'succeeded',
    'with a model',
    async (_, id) => stores.runs.succeed(await claimJob(stores, id), linearModel()),
  ],
  ['failed', 'by its run', async (_, id) => stores.runs.fail(await claimJob(stores, id), failure)],
  ['cancelled', 'before it began', async (tenantId, id) => stores.jobs.of(tenantId).cancel(id)],
  [
    'cancelled',
    'while it ran',
    async (tenantId, id) => {
      await claimJob(stores, id)
      await stores.jobs.of(tenantId).cancel(id)
    },
  ],
  [
    'cancelled',
    'while it was paused',
    async (tenantId, id) => {
      await stores.jobs.of(tenantId).pause(id)
      await stores.jobs.of(tenantId).cancel(id)
    },
  ],
]

async function jobIn(reach: (typeof ways)[number][2]): Promise<{ tenantId: string; id: string }> {
  // What other tests left must not be claimed here.
  await stores.database.job.deleteMany()
  const tenantId = `tenant_${++tenants}`
  const { id } = await stores.jobs.of(tenantId).create(newJob())
  await reach(tenantId, id)
  return { tenantId, id }
}

const waits: readonly JobStatus[] = ['queued', 'paused']

it('is tested in every state', () => {
  expect(new Set(ways.map(([status]) => status))).toEqual(new Set(jobStatusSchema.options))
})

describe.each(ways)('a job that is %s, %s', (status, _, reach) => {
  it(`counts ${waits.includes(status) ? '' : 'not '}as one that waits`, async () => {
    const { tenantId, id } = await jobIn(reach)
    expect((await stores.jobs.of(tenantId).get(id))?.status).toBe(status)
    const counted = Number(waits.includes(status))
    expect((await stores.tenants.use(tenantId)).queuedJobs).toBe(counted)
    const jobs = (queuedJobs: number) => jobStore(stores.database, { ...unlimited, queuedJobs }).of(tenantId)
    await expect(jobs(1 + counted).checkLimits(newJob())).resolves.toBeUndefined()
    if (counted > 0) {
      await expect(jobs(counted).checkLimits(newJob())).rejects.toMatchObject({ code: 'too-many-jobs' })
      await expect(jobs(counted).create(newJob())).rejects.toMatchObject({ code: 'too-many-jobs' })
    }
    await jobs(1 + counted).create(newJob())
    await expect(jobs(1 + counted).create(newJob())).rejects.toMatchObject({ code: 'too-many-jobs' })
    await expectTrueCounters(stores.database)
  })

  it(`counts ${status === 'running' ? '' : 'not '}as one that runs`, async () => {
    const { tenantId, id } = await jobIn(reach)
    const counted = Number(status === 'running')
    expect((await stores.tenants.use(tenantId)).runningJobs).toBe(counted)
    const other = await stores.jobs.of(tenantId).create(newJob({ priority: 5 }))
    const claim = await claimNext(runStore(stores.database, { ...unlimited, runningJobs: 1 }), 'worker_c')
    expect(claim?.jobId ?? null).toBe(counted === 1 ? null : other.id)
    expect((await stores.jobs.of(tenantId).get(id))?.status).toBe(status)
    await expectTrueCounters(stores.database)
  })

  it('counts its bytes, and keeps what does not fit beside it out', async () => {
    const { tenantId } = await jobIn(reach)
    const { storedBytes } = await stores.tenants.use(tenantId)
    expect(storedBytes).toBeGreaterThan(0)
    const create = (storedBytes: number) =>
      jobStore(stores.database, { ...unlimited, storedBytes })
        .of(tenantId)
        .create(newJob())
    await expect(create(storedBytes)).rejects.toMatchObject({ code: 'too-much-stored' })
    await create(Number.MAX_SAFE_INTEGER)
    const size = (await stores.tenants.use(tenantId)).storedBytes - storedBytes
    await expect(create(storedBytes + 2 * size - 1)).rejects.toMatchObject({ code: 'too-much-stored' })
    await expect(create(storedBytes + 2 * size)).resolves.toBeDefined()
    await expectTrueCounters(stores.database)
  })
})
