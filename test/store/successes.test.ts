/** Batches of short trainings that end at the same time. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Claim, Success } from '../../src/training/ports/runs.js'
import {
  claimJob,
  epochsOf,
  linearModel,
  openStores,
  packEpochs,
  type Stores,
  startJob,
} from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const success = (claim: Claim): Success => ({
  claim,
  bestEpoch: null,
  model: linearModel(),
  progress: {
    epochs: packEpochs(epochsOf([1])),
    seconds: 0.01,
    backend: 'reference',
    backendDetail: null,
    snapshots: null,
  },
})

it('share a statement while an earlier one is running', async () => {
  const claims: Claim[] = []
  for (let n = 0; n < 6; n++) claims.push(await startJob(stores, 'worker_a'))
  const { pool } = stores.database
  const statements = vi.spyOn(pool, 'query')
  const first = stores.runs.succeedAll([success(claims[0])])
  await vi.waitUntil(() => statements.mock.calls.length === 1)
  const rest = claims.slice(1).map((claim) => stores.runs.succeedAll([success(claim)]))
  expect(await Promise.all([first, ...rest])).toEqual(claims.map(() => [true]))
  expect(statements).toHaveBeenCalledTimes(2)
  statements.mockRestore()
})

it('store a job once that two of them contain, under the claim that holds', async () => {
  const lost = await startJob(stores, 'worker_a')
  await stores.runs.release(lost, 'worker-stopped')
  const held = await claimJob(stores, lost.jobId)
  const [late, right] = [success(lost), success(held)]
  const outcomes = await Promise.all([stores.runs.succeedAll([late]), stores.runs.succeedAll([right])])
  expect(outcomes).toEqual([[false], [true]])
  const models = await stores.database.model.findMany({ where: { jobId: lost.jobId }, select: { id: true } })
  expect(models).toEqual([{ id: right.model.id }])
})
