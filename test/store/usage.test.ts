/** What ended jobs add to the usage of their tenants. Random sequences of actions are in counters.test.ts. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Usage } from '../../src/contract/usage.js'
import { newId } from '../../src/training/new-id.js'
import type { Claim, Success } from '../../src/training/ports/runs.js'
import {
  epochsOf,
  linearModel,
  newJob,
  openStores,
  packEpochs,
  type Stores,
  startJob,
  storeEpochs,
  xorSpec,
} from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

async function usageOf(tenantId: string): Promise<Omit<Usage, 'object' | 'tenantId' | 'day'>[]> {
  const filter = { tenantId, from: '2000-01-01', to: '9999-12-31', isTotal: true }
  const { data } = await stores.usage.list(filter, { limit: 100 })
  return data.map(({ jobs, threadSeconds, epochs }) => ({ jobs, threadSeconds, epochs }))
}

const ended = (succeeded: number, failed = 0, cancelled = 0) => ({ succeeded, failed, cancelled })

const success = (claim: Claim): Success => ({
  claim,
  bestEpoch: null,
  model: linearModel(),
  progress: {
    epochs: packEpochs(epochsOf([1, 2])),
    seconds: 0.25,
    backend: 'wasm',
    backendDetail: null,
    snapshots: null,
  },
})

it('has the training time of all threads, and stays when the job is deleted', async () => {
  const claim = await startJob(stores, 'worker_a', { tenantId: 'wide', spec: xorSpec({ threads: 2 }) })
  await storeEpochs(stores, claim, epochsOf([1, 2, 3]), { seconds: 1.5 })
  expect(await usageOf('wide')).toEqual([])
  await stores.runs.succeed(claim, linearModel())
  const usage = [{ jobs: ended(1), threadSeconds: 3, epochs: 3 }]
  expect(await usageOf('wide')).toEqual(usage)
  const jobs = stores.jobs.of('wide')
  await jobs.change(claim.jobId, { name: 'named', tags: ['a'] })
  expect(await usageOf('wide')).toEqual(usage)
  await jobs.delete(claim.jobId)
  expect(await usageOf('wide')).toEqual(usage)
})

it('counts a batch that ends by one row for each tenant', async () => {
  const claims: Claim[] = []
  for (const tenantId of ['one', 'two', 'one', 'one']) {
    claims.push(await startJob(stores, 'worker_a', { tenantId }))
  }
  expect(await stores.runs.succeedAll(claims.map(success))).toEqual(claims.map(() => true))
  expect(await usageOf('one')).toEqual([{ jobs: ended(3), threadSeconds: 0.75, epochs: 6 }])
  expect(await usageOf('two')).toEqual([{ jobs: ended(1), threadSeconds: 0.25, epochs: 2 }])
  expect(await stores.database.tenantUsage.count({ where: { tenantId: { in: ['one', 'two'] } } })).toBe(2)
})

it('counts a job that is cancelled or fails, with what it trained', async () => {
  const running = await startJob(stores, 'worker_a', { tenantId: 'red' })
  await storeEpochs(stores, running, epochsOf([1]), { seconds: 2 })
  await stores.jobs.of('red').cancel(running.jobId)
  const { id } = await stores.jobs.of('red').create(newJob())
  await stores.jobs.of('red').cancel(id)
  const failing = await startJob(stores, 'worker_a', { tenantId: 'red' })
  await stores.runs.fail(failing, { code: 'diverged', message: 'NaN', epoch: 1 })
  expect(await usageOf('red')).toEqual([{ jobs: ended(0, 1, 2), threadSeconds: 2, epochs: 1 }])
})

it('counts no time and no epochs of a run that was copied', async () => {
  const identity = createHash('sha256').update('copied').digest()
  const claim = await startJob(stores, 'worker_a', { tenantId: 'green', identity })
  await stores.runs.succeedAll([success(claim)])
  const copyOf = { jobId: claim.jobId, modelId: newId('model') }
  const copy = await stores.jobs.of('green').create(newJob({ identity, copyOf }))
  expect(copy).toMatchObject({ status: 'succeeded', epoch: 2 })
  expect(await usageOf('green')).toEqual([{ jobs: ended(2), threadSeconds: 0.25, epochs: 2 }])
})
