/** Trainings whose weights stay in their memory until they are stored, on the real stores and real threads. */

import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { databaseTrouble } from '../../src/store/database.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { processorModule, sharedDatasets, storedTables, trainerPool } from '../support/built.js'
import { readEpochs } from '../support/read-epochs.js'
import { eventually } from '../support/service.js'
import { linearModel, newJob, openStores, type Stores, storeModel, xorSpec } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let pool: InstanceType<typeof trainerPool.TrainerPool>
let processor: InstanceType<typeof processorModule.Processor>

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await stores.database.job.deleteMany()
  pool = new trainerPool.TrainerPool()
  const { runs, datasets, models, serviceMetrics } = stores
  processor = new processorModule.Processor({
    ...{ workerId: 'worker_a', runs, models, serviceMetrics, pool, backend: 'auto', threads: 2 },
    storedTables: new storedTables.StoredTables(datasets, 1024 * 1024),
    sharedDatasets: new sharedDatasets.SharedDatasets(64 * 1024 * 1024),
    checkpointMilliseconds: 0,
    databaseTrouble,
    retryMilliseconds: [0, 0],
    log: pino({ level: 'silent' }),
  })
})

afterEach(async () => {
  await processor.close()
  await pool.close()
})

/** 1.2 million parameters, 4.6 MiB. */
const units = 1_100
const parameters = 3 * units + units * (units + 1) + units + 1

function largeSpec(changes: Partial<JobSpec> = {}): JobSpec {
  const dense = { type: 'dense', units, activation: 'relu' } as const
  const layers = [dense, dense, { type: 'dense', units: 1, activation: 'sigmoid' }]
  return xorSpec({
    network: xorSpec({ network: { inputShape: [2], layers } as JobSpec['network'] }).network,
    optimizer: { ...xorSpec().optimizer, learningRate: 1e-3 },
    epochs: 60,
    seed: 5,
    ...changes,
  })
}

async function create(spec: JobSpec, changes: Partial<NewJob> = {}): Promise<string> {
  return (await stores.jobs.create(newJob({ spec, parameters, ...changes }))).id
}

async function modelOf(jobId: string) {
  const job = await stores.jobs.get(jobId)
  expect(job).toMatchObject({ status: 'succeeded', error: null })
  const model = await stores.models.getEvaluated(job?.modelId ?? '')
  if (model === null) throw new Error('there is no model')
  return model
}

/** Trains it undisturbed. */
async function trained(spec = largeSpec()) {
  const id = await create(spec)
  await processor.processNext()
  return { id, model: await modelOf(id) }
}

describe('a large training', () => {
  it('stores its last weights and their evaluation', async () => {
    const { model, id } = await trained()
    expect(model).toMatchObject({ parameters, weightBytes: 4 * parameters, epoch: 60 })
    expect((await readEpochs(stores, id, 0, 100)).map(({ epoch }) => epoch)).toEqual(upTo(60))
    const stored = await stores.models.weights(model.id)
    const weights = new Float32Array((stored?.bytes ?? new Uint8Array()).slice().buffer)
    expect(
      createHash('sha256')
        .update(stored?.bytes ?? '')
        .digest('hex'),
    ).toBe(model.weightSha256)
    // The network computed by hand from what is stored: all four rows of XOR are learned.
    const answers = [0, 1, 2, 3].map((row) => forward(weights, [row >> 1, row & 1]))
    expect(answers.map(Math.round)).toEqual([0, 1, 1, 0])
    expect(model.evaluation).toMatchObject({ rows: 'training', count: 4, right: 4 })
  })

  it('ends with the same weights after a pause, with the best ones in its checkpoints', async () => {
    const earlyStopping = { monitor: 'loss', patience: 1_000, minDelta: 0, restoreBest: true } as const
    const spec = largeSpec({ epochs: 400, earlyStopping })
    const undisturbed = (await trained(spec)).model.weightSha256
    const id = await create(spec)
    for (let pauses = 0; pauses < 2; pauses++) {
      const seen = (await stores.jobs.get(id))?.epoch ?? 0
      const processing = processor.processNext()
      await eventually(async () => ((await stores.jobs.get(id))?.epoch ?? 0) > seen || undefined)
      expect(await stores.jobs.pause(id)).toBe(true)
      processor.notice({ jobId: id, status: 'paused', epoch: 0 })
      await processing
      const checkpoint = await stores.runs.checkpoint(id, () => {})
      // Weights and two moments of each, and the best weights.
      expect(checkpoint?.length).toBeGreaterThanOrEqual(4 * 4 * parameters)
      expect(await stores.jobs.resume(id, {})).toBe(true)
    }
    await processor.processNext()
    expect((await modelOf(id)).weightSha256).toBe(undisturbed)
    expect(await stores.database.draft.count()).toBe(0)
    expect(await stores.database.checkpoint.count({ where: { jobId: id } })).toBeLessThanOrEqual(2)
  })

  const still = { type: 'sgd', learningRate: 1e-30, momentum: 0, nesterov: false, weightDecay: 0 } as const

  it.each([
    ['by position', undefined],
    ['by name', 'refuse' as const],
  ])('starts from the weights of a large model, %s', async (_, fromMismatch) => {
    const { model } = await trained()
    const from = { from: model.id, ...(fromMismatch === undefined ? {} : { fromMismatch }) }
    const next = await trained(largeSpec({ ...from, epochs: 1, optimizer: still, seed: 6 }))
    expect(next.model.weightSha256).toBe(model.weightSha256)
  })
})

/** Row-major: two hidden layers of rectified units, and a logistic one. */
function forward(weights: Float32Array, input: number[]): number {
  let offset = 0
  let values = input
  for (const width of [units, units, 1]) {
    const inputs = values
    const from = offset
    values = Array.from({ length: width }, (_, unit) =>
      inputs.reduce(
        (sum, value, index) => sum + value * weights[from + unit * inputs.length + index],
        weights[from + width * inputs.length + unit],
      ),
    )
    offset += width * (inputs.length + 1)
    if (width > 1) values = values.map((value) => Math.max(0, value))
  }
  return 1 / (1 + Math.exp(-values[0]))
}

describe('a job with a damaged source model', () => {
  it.each([
    ['small', linearModel()],
    ['large', linearModel({ weights: new Uint8Array(5 * 1024 * 1024) })],
  ])('fails at once with a message, for a %s one', async (_, model) => {
    const network = {
      inputShape: [2],
      layers: [{ type: 'dense', units: 1, activation: 'linear', useBias: true }],
    }
    const { id: from } = await storeModel(stores, model)
    await stores.database.weightChunk.updateMany({
      where: { modelId: from, index: 0 },
      data: { bytes: new Uint8Array(12) },
    })
    const loss = 'meanSquaredError'
    const id = await create(xorSpec({ network: network as JobSpec['network'], loss, from }))
    await processor.processNext()
    expect(await stores.jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'integrity', message: `The stored weights of model ${from} do not match their hash.` },
    })
    expect((await stores.database.job.findUniqueOrThrow({ where: { id } })).attempt).toBe(1)
  })
})
