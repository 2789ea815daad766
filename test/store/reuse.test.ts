/** Which stored runs a job may copy. */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../src/training/new-id.js'
import {
  epochsOf,
  linearModel,
  newJob,
  openStores,
  type Stores,
  startJob,
  storeEpochs,
} from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

async function finished(identity: Buffer<ArrayBuffer>, tenantId = 'local', weights?: Uint8Array) {
  const claim = await startJob(stores, 'worker_a', { tenantId, identity })
  await storeEpochs(stores, claim, epochsOf([1, 2, 3]), { backend: 'wasm' })
  const model = linearModel(weights === undefined ? {} : { weights })
  await stores.runs.succeed(claim, model)
  return { jobId: claim.jobId, modelId: model.id }
}

const identityOf = (text: string) => createHash('sha256').update(text).digest()

describe('the stored run of an identity', () => {
  it('is the newest of the same tenant', async () => {
    const identity = identityOf('one')
    await finished(identity)
    const { jobId } = await finished(identity)
    await finished(identity, 'red')
    const found = await stores.jobs.findRuns([identityOf('other'), identity])
    expect(found).toEqual([null, jobId])
    expect(await stores.jobs.of('blue').findRuns([identity])).toEqual([null])
  })

  it('is none of an unfinished job, or of a job without its model', async () => {
    const identity = identityOf('two')
    await startJob(stores, 'worker_a', { identity })
    expect(await stores.jobs.findRuns([identity])).toEqual([null])
    const { modelId } = await finished(identity)
    await stores.models.delete(modelId)
    expect(await stores.jobs.findRuns([identity])).toEqual([null])
  })

  it('is none whose backend no live worker has', async () => {
    const identity = identityOf('three')
    const { jobId } = await finished(identity)
    const place = { host: 'machine', processId: 7 }
    const worker = { id: 'worker_x', threads: 1, busyThreads: 0, backend: 'native', ...place }
    await stores.workers.report(worker)
    expect(await stores.jobs.findRuns([identity])).toEqual([null])
    await stores.workers.report({ ...worker, id: 'worker_y', backend: 'wasm' })
    expect(await stores.jobs.findRuns([identity])).toEqual([jobId])
    await stores.workers.remove('worker_x')
    await stores.workers.remove('worker_y')
  })
})

describe('a copy', () => {
  it('has epochs and weights of several chunks, and counts like a trained job', async () => {
    const identity = identityOf('four')
    // Above the size of a chunk, 2 MiB.
    const weights = new Uint8Array(randomBytes(5 * 1024 * 1024))
    const { jobId } = await finished(identity, 'green', weights)
    const before = await usedBytes('green')
    const jobs = stores.jobs.of('green')
    const copy = await jobs.create(newJob({ identity, copyOf: { jobId, modelId: newId('model') } }))
    expect(copy).toMatchObject({ status: 'succeeded', reusedFrom: jobId, epoch: 3 })
    const copied = await stores.models.weights(copy.modelId ?? '')
    expect(Buffer.compare(copied?.bytes ?? new Uint8Array(), weights)).toBe(0)
    // Another 5 MiB, and the rest as the first job has it.
    expect(await usedBytes('green')).toBeCloseTo(2 * before, 0)
    const [{ running }] = await stores.database.$queryRaw<{ running: number }[]>`
      SELECT sum("runningJobs" + "queuedJobs") AS running FROM "TenantUse" WHERE "tenantId" = 'green'`
    expect(running).toBe(0)
    const events = await jobs.events(copy.id, { limit: 10 })
    expect(events?.data.map(({ type }) => type)).toEqual(['queued', 'claimed', 'ended'])
  })

  it('is trained if the run disappears before it is created', async () => {
    const { jobId, modelId } = await finished(identityOf('five'))
    await stores.models.delete(modelId)
    const job = await stores.jobs.create(newJob({ copyOf: { jobId, modelId: newId('model') } }))
    expect(job).toMatchObject({ status: 'queued', reusedFrom: null })
  })

  it('of a job of another tenant does not happen', async () => {
    const { jobId } = await finished(identityOf('six'), 'red')
    const job = await stores.jobs.of('blue').create(newJob({ copyOf: { jobId, modelId: newId('model') } }))
    expect(job).toMatchObject({ status: 'queued', reusedFrom: null })
  })
})

async function usedBytes(tenantId: string): Promise<number> {
  const { _sum } = await stores.database.tenantUse.aggregate({
    where: { tenantId },
    _sum: { storedBytes: true },
  })
  return _sum.storedBytes ?? 0
}
