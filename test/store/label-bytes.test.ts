/** Names, notes, tags and metadata count against the stored bytes of the tenant. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localTenant } from '../../src/contract/key.js'
import { jobStore } from '../../src/store/jobs.js'
import { modelStore } from '../../src/store/models.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newJob, openStores, type Stores, storeModel } from '../support/stores.js'

let stores: Stores
let ids: { job: string; model: string }

beforeAll(async () => {
  stores = await openStores()
  const job = newJob()
  await stores.jobs.create(job)
  ids = { job: job.id, model: (await storeModel(stores)).id }
})

afterAll(() => stores.close())

async function storedBytes(): Promise<number> {
  const { _sum } = await stores.database.tenantUse.aggregate({ _sum: { storedBytes: true } })
  return _sum.storedBytes ?? 0
}

/** The stores of a service whose tenants may store `bytes` more. */
async function withRoom(bytes: number) {
  const settings = { ...unlimited, storedBytes: (await storedBytes()) + bytes }
  return {
    job: jobStore(stores.database, settings).of(localTenant),
    model: modelStore(stores.database, settings).of(localTenant),
  }
}

describe.each(['job', 'model'] as const)('labels of a %s', (kind) => {
  it('count as long as they are stored', async () => {
    const store = (await withRoom(10_000))[kind]
    const before = await storedBytes()
    // 3 bytes of the name, 1,000 of the notes, 100 + 3 of the tag, 100 + 3 + 5 of the pair.
    await store.change(ids[kind], {
      name: 'né',
      notes: 'x'.repeat(1_000),
      tags: ['tag'],
      metadata: { key: 'value' },
    })
    expect((await storedBytes()) - before).toBe(3 + 1_000 + 103 + 108)
    await store.change(ids[kind], { name: null, notes: null, tags: [], metadata: { key: null } })
    expect(await storedBytes()).toBe(before)
  })

  it('above the limit are refused, and shorter ones are accepted', async () => {
    await (await withRoom(1_000))[kind].change(ids[kind], { notes: 'x'.repeat(1_000) })
    const full = (await withRoom(-500))[kind]
    await expect(full.change(ids[kind], { notes: 'x'.repeat(1_001) })).rejects.toMatchObject({
      code: 'too-much-stored',
    })
    expect(await full.change(ids[kind], { notes: 'short' })).toMatchObject({ notes: 'short' })
  })
})

it('of a new job count before it is stored', async () => {
  const bare = newJob()
  const before = await storedBytes()
  await stores.jobs.create(bare)
  const size = (await storedBytes()) - before
  const { job: jobs } = await withRoom(size + 111)
  // 100 + 3 + 5 of the pair, and 4 of the name.
  const labelled = { name: 'name', metadata: { key: 'value' } }
  await expect(jobs.create(newJob(labelled))).rejects.toMatchObject({ code: 'too-much-stored' })
  expect(await jobs.create(newJob({ ...labelled, name: 'nam' }))).toMatchObject({ name: 'nam' })
})
