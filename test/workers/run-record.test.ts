/** What a run stores of its progress. */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { databaseTrouble } from '../../src/store/database.js'
import { snapshotStore } from '../../src/store/weight-snapshots.js'
import type { Progress } from '../../src/training/ports/runs.js'
import { Retries } from '../../workers/retries.js'
import { RunRecord } from '../../workers/run-record.js'
import { WorkTally } from '../../workers/work-tally.js'
import { openStores, type Stores, startJob } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

/** Epochs from `firstEpoch`, with snapshots of one weight after these epochs. */
const progress = (firstEpoch: number, count: number, taken: number[]): Progress => ({
  epochs: { firstEpoch, metrics: new Float64Array(4 * count).fill(0.5) },
  seconds: 0.1,
  backend: 'wasm',
  backendDetail: null,
  checkpoint: null,
  snapshots: {
    coding: { features: [], target: { type: 'number', names: ['y'] } },
    tensors: [{ name: 'layers.0.weight', shape: [1], offset: 0 }],
    taken: taken.map((epoch) => ({ epoch, kept: epoch % 2 === 0, bytes: new Uint8Array(4) })),
  },
})

it('stores a snapshot once that two threads took, the second to continue the training', async () => {
  const job = await startJob(stores)
  const { runs } = stores
  const log = pino({ level: 'silent' })
  const records = {
    runs,
    tally: new WorkTally(),
    log,
    databaseTrouble,
    retries: new Retries(runs, log),
    retryMilliseconds: [],
  }
  const record = new RunRecord(job, records)
  expect(await record.store(progress(1, 2, [0, 2]))).toBe(true)
  expect(await record.store(progress(3, 2, [2, 4]))).toBe(true)
  expect(await record.store(progress(5, 1, [4, 5]))).toBe(true)
  const { taken } = await snapshotStore(stores.database).read(job.jobId, -1, 10)
  expect(taken.map(({ epoch }) => epoch)).toEqual([0, 2, 4, 5])
})
