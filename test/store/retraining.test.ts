/** The version of a retrained model is stored in the transaction that stores the model, whichever statement does. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { linearModel, openStores, type Stores, startJob } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const retraining = (registry: string | null) => ({
  retraining: { modelId: `mdl_${'0'.repeat(32)}`, registry, keyId: 'key_1' },
})

const versionsOf = async (name: string) => {
  const rows = await stores.database.modelVersion.findMany({ where: { name }, orderBy: { version: 'asc' } })
  return rows.map(({ tenantId, version, modelId, keyId }) => ({ tenantId, version, modelId, keyId }))
}

const success = (claim: Awaited<ReturnType<typeof startJob>>, model = linearModel()) => ({
  claim,
  model,
  bestEpoch: null,
  progress: {
    epochs: { firstEpoch: 1, metrics: Float64Array.of(1, 1, 1, 1) },
    seconds: 1,
    backend: 'wasm',
    backendDetail: null,
    checkpoint: null,
    snapshots: null,
  },
})

it('when one job succeeds', async () => {
  const claim = await startJob(stores, 'worker_a', { tenantId: 'blue', ...retraining('single') })
  const model = linearModel()
  expect(await stores.runs.succeed(claim, model)).toBe(true)
  expect(await versionsOf('single')).toEqual([
    { tenantId: 'blue', version: 1, modelId: model.id, keyId: 'key_1' },
  ])
})

it('when several small jobs succeed together', async () => {
  const claims = [
    await startJob(stores, 'worker_a', retraining('batch')),
    await startJob(stores, 'worker_a', retraining('batch')),
    await startJob(stores, 'worker_a', retraining(null)),
  ]
  const successes = claims.map((claim) => success(claim))
  expect(await stores.runs.succeedAll(successes)).toEqual([true, true, true])
  const registered = await versionsOf('batch')
  expect(registered.map(({ version }) => version)).toEqual([1, 2])
  const expected = successes.slice(0, 2).map(({ model }) => model.id)
  expect(registered.map(({ modelId }) => modelId).toSorted()).toEqual(expected.toSorted())
})

it('never of a job that was cancelled', async () => {
  const claim = await startJob(stores, 'worker_a', retraining('lost'))
  await stores.jobs.cancel(claim.jobId)
  expect(await stores.runs.succeed(claim, linearModel())).toBe(false)
  expect(await stores.runs.succeedAll([success(claim)])).toEqual([false])
  expect(await versionsOf('lost')).toEqual([])
})
