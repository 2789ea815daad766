/** A tenant runs jobs up to its limit; its other jobs wait while those of other tenants run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runStore } from '../../src/store/runs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { byTest } from '../support/actor.js'
import { keyFor } from '../support/keys.js'
import { claimNext, newJob, openStores, type Stores } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const running = (tenantId: string) => stores.database.job.count({ where: { tenantId, status: 'running' } })

describe('a limit of two running jobs', () => {
  it('applies to each tenant, across concurrent claims', async () => {
    const runs = runStore(stores.database, { ...unlimited, runningJobs: 2 })
    for (const _ of upTo(8)) await stores.jobs.of('eager').create(newJob({ priority: 5 }))
    await stores.jobs.of('late').create(newJob())
    const claims = await Promise.all(upTo(10).map((worker) => claimNext(runs, `worker_${worker}`)))
    const claimed = claims.flatMap((claim) => (claim === null ? [] : [claim]))
    expect(claimed.map(({ tenantId }) => tenantId).toSorted()).toEqual(['eager', 'eager', 'late'])
    expect(await running('eager')).toBe(2)
    expect(await claimNext(runs, 'worker_a')).toBeNull()
    // A worker with free threads has to wait.
    expect(await stores.jobs.anyQueued()).toBe(true)

    const [ended] = claimed.filter(({ tenantId }) => tenantId === 'eager')
    await runs.fail(ended, { code: 'internal', message: 'over', epoch: null })
    expect((await claimNext(runs, 'worker_a'))?.tenantId).toBe('eager')
    expect(await running('eager')).toBe(2)
    expect(await claimNext(runs, 'worker_a')).toBeNull()
  })

  it('is replaced by the tenant’s own, from the next claim', async () => {
    const runs = runStore(stores.database, { ...unlimited, runningJobs: 2 })
    for (const tenantId of ['wide', 'narrow']) {
      await keyFor(stores, tenantId, ['jobs:write'])
      for (const _ of upTo(6)) await stores.jobs.of(tenantId).create(newJob({ priority: 9 }))
    }
    await stores.tenants.changeLimits('wide', { runningJobs: 4 }, byTest)
    await stores.tenants.changeLimits('narrow', { runningJobs: 1 }, byTest)
    const claims = await Promise.all(upTo(16).map((worker) => claimNext(runs, `worker_${worker}`)))
    const of = (tenantId: string) => claims.filter((claim) => claim?.tenantId === tenantId)
    expect([of('wide').length, of('narrow').length]).toEqual([4, 1])

    await stores.tenants.changeLimits('narrow', { runningJobs: null }, byTest)
    const more = await Promise.all(upTo(3).map((worker) => claimNext(runs, `worker_${worker}`)))
    expect(more.map((claim) => claim?.tenantId)).toEqual(expect.arrayContaining(['narrow']))
    expect(await running('narrow')).toBe(2)
    // A limit below the number of running jobs ends none, and starts none.
    await stores.tenants.changeLimits('wide', { runningJobs: 1 }, byTest)
    await runs.fail(of('wide')[0] ?? { jobId: '', attempt: 0 }, {
      code: 'internal',
      message: 'over',
      epoch: null,
    })
    expect(await claimNext(runs, 'worker_a')).toBeNull()
    expect(await running('wide')).toBe(3)
  })
})
