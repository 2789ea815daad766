/**
 * Limits, turns and positions use sums. After any sequence of concurrent actions, the sums equal those of
 * the rows.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { JobStatus } from '../../src/contract/job-status.js'
import { Problem } from '../../src/contract/problems.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { chunkBytes } from '../../src/store/bytes.js'
import { type Database, openDatabase } from '../../src/store/database.js'
import { datasetStore } from '../../src/store/datasets.js'
import { historyThinner } from '../../src/store/history-thinner.js'
import { jobStore } from '../../src/store/jobs.js'
import { modelStore } from '../../src/store/models.js'
import { runStore } from '../../src/store/runs.js'
import { newId } from '../../src/training/new-id.js'
import type { Checkpoint } from '../../src/training/ports/checkpoints.js'
import type { AllDatasets } from '../../src/training/ports/datasets.js'
import type { AllJobs, NewJob } from '../../src/training/ports/jobs.js'
import type { AllModels } from '../../src/training/ports/models.js'
import type { Claim, RunStore } from '../../src/training/ports/runs.js'
import { expectTrueCounters, readCounters } from '../support/counters.js'
import {
  capacityWith,
  epochsOf,
  linearModel,
  newJob,
  openStores,
  packEpochs,
  type Stores,
} from '../support/stores.js'
import { uploadOf } from '../support/tables.js'
import { expectTrueUsage, keepDeletedJobs } from '../support/usage.js'
import { upTo } from '../support/watching.js'

/** The stores of a process with separate connections. */
interface Process {
  database: Database
  jobs: AllJobs
  runs: RunStore
  models: AllModels
  datasets: AllDatasets
}

let stores: Stores
let processes: Process[]
let claims: Claim[]

beforeAll(async () => {
  stores = await openStores()
  await keepDeletedJobs(stores.database)
  processes = upTo(2).map(() => {
    const database = openDatabase(stores.connectionString)
    return {
      database,
      jobs: jobStore(database),
      runs: runStore(database),
      models: modelStore(database),
      datasets: datasetStore(database),
    }
  })
})

afterAll(async () => {
  await Promise.all(processes.map(({ database }) => database.$disconnect()))
  await stores.close()
})

async function clear(): Promise<void> {
  await stores.database.job.deleteMany()
  await stores.database.model.deleteMany()
  await stores.database.dataset.deleteMany()
  await stores.database.idempotencyKey.deleteMany()
  claims = []
}

beforeEach(clear)

const tenants = ['a', 'b', 'c'] as const

/** `pick` chooses among what exists, `size` how much of it. */
interface Step {
  action: keyof typeof actions
  process: number
  tenantId: (typeof tenants)[number]
  priority: number
  pick: number
  size: number
}

const dataset = (rows: number, origin: 'uploaded' | 'inline' = 'uploaded') =>
  uploadOf(tableFromInline({ x: upTo(rows), y: upTo(rows).map(Math.sin) }), { origin })

const jobOf = ({ priority, size }: Step, changes: Partial<NewJob> = {}) =>
  newJob({ priority, parameters: 100 * size, ...changes })

const modelOf = (size: number) => linearModel({ weights: new Uint8Array(1_000 * size) })

async function jobIn(
  statuses: JobStatus[],
  { pick }: Step,
): Promise<{ id: string; tenantId: string } | undefined> {
  const where = { status: { in: statuses } }
  const found = await stores.database.job.findMany({ where, select: { id: true, tenantId: true } })
  return found[pick % found.length]
}

async function steer(
  verb: 'pause' | 'cancel' | 'delete',
  statuses: JobStatus[],
  { jobs }: Process,
  given: Step,
): Promise<void> {
  const job = await jobIn(statuses, given)
  if (job !== undefined) await jobs.of(job.tenantId)[verb](job.id)
}

const claimOf = ({ pick }: Pick<Step, 'pick'>): Claim | undefined => claims[pick % claims.length]

const checkpointOf = (bytes: Uint8Array): Checkpoint => ({
  epoch: 2,
  step: 0,
  backend: 'wasm',
  header: {
    position: { epoch: 2, step: 0, lossSum: 0, right: 0 },
    seed: 1,
    ended: null,
    watch: null,
    buffers: [],
  },
  bytes,
})

const success = (claim: Claim, size: number) => ({
  claim,
  progress: {
    epochs: packEpochs(epochsOf([1, 2])),
    seconds: 0.1,
    backend: 'wasm',
    backendDetail: null,
    snapshots: null,
  },
  model: modelOf(size),
  bestEpoch: null,
})

const actions = {
  async create({ jobs }: Process, given: Step) {
    await jobs.of(given.tenantId).create(jobOf(given))
  },
  async createMany({ jobs }: Process, given: Step) {
    await Promise.all(
      upTo(2 * given.size).map((index) => jobs.of(tenants[index % tenants.length]).create(jobOf(given))),
    )
  },
  async createWithRows({ jobs }: Process, given: Step) {
    const inlineDataset = dataset(given.size, 'inline')
    await jobs.of(given.tenantId).create(jobOf(given, { datasetId: inlineDataset.id, inlineDataset }))
  },
  async createOnce({ jobs }: Process, given: Step) {
    const once = { tenantId: given.tenantId, key: newId('job'), fingerprint: 'same' }
    await jobs.of(given.tenantId).create(jobOf(given), once)
  },
  async createFromRows({ jobs }: Process, given: Step) {
    const found = await stores.database.dataset.findMany({ select: { id: true, tenantId: true } })
    const used = found[given.pick % found.length]
    if (used !== undefined) await jobs.of(used.tenantId).create(jobOf(given, { datasetId: used.id }))
  },
  async claim({ runs }: Process, { process, size }: Step) {
    const capacity = capacityWith({ free: 2, all: 2, jobs: size, seconds: 1 })
    claims.push(...(await runs.claim(`worker_${process}`, capacity)).jobs)
  },
  async record({ runs }: Process, given: Step) {
    const claim = claimOf(given)
    if (claim !== undefined) await runs.record(claim, { ...success(claim, 1).progress, checkpoint: null })
  },
  async storeCheckpoint({ runs }: Process, { pick, size, process }: Step) {
    const claim = claimOf({ pick })
    if (claim === undefined) return
    const epochs = packEpochs([])
    const checkpoint = checkpointOf(new Uint8Array(process === 0 ? 100 * size : 3 * chunkBytes))
    await runs.record(claim, { ...success(claim, 1).progress, epochs, checkpoint })
  },
  async heartbeat({ runs }: Process) {
    await runs.heartbeat(claims)
  },
  async succeed({ runs }: Process, given: Step) {
    const claim = claimOf(given)
    if (claim !== undefined) await runs.succeed(claim, modelOf(given.size))
  },
  async succeedAll({ runs }: Process, { pick, size }: Step) {
    // A thread holds one claim of a job.
    const held = [...new Map(claims.map((claim) => [claim.jobId, claim])).values()]
    const together = held.slice(pick % Math.max(1, held.length)).slice(0, size)
    await runs.succeedAll(together.map((claim) => success(claim, size)))
  },
  async fail({ runs }: Process, given: Step) {
    const claim = claimOf(given)
    if (claim !== undefined) await runs.fail(claim, { code: 'diverged', message: 'NaN', epoch: 1 })
  },
  async release({ runs }: Process, given: Step) {
    const claim = claimOf(given)
    if (claim !== undefined) await runs.release(claim, 'worker-stopped')
  },
  async crash({ runs }: Process, given: Step) {
    const claim = claimOf(given)
    if (claim !== undefined) await runs.crash(claim, given.size < 3 ? 0 : 1_000)
  },
  async requeue({ runs }: Process, given: Step) {
    const claim = claimOf(given)
    if (claim !== undefined) await runs.requeue(claim)
  },
  async cleanUp({ jobs }: Process) {
    await jobs.cleanUp()
  },
  async thin({ database }: Process, { size }: Step) {
    await historyThinner(database, size).cleanUp()
  },
  async releaseWorker({ jobs }: Process, { process }: Step) {
    await jobs.releaseWorker(`worker_${process}`)
  },
  async releaseAbandoned({ jobs }: Process) {
    await jobs.releaseAbandoned(0)
  },
  pause: (process: Process, given: Step) => steer('pause', ['queued', 'running'], process, given),
  async resume({ jobs }: Process, given: Step) {
    const job = await jobIn(['paused'], given)
    const change = given.pick % 2 === 0 ? undefined : { learningRate: 1 / (1 + given.pick) }
    if (job !== undefined) await jobs.of(job.tenantId).resume(job.id, change)
  },
  cancel: (process: Process, given: Step) => steer('cancel', ['queued', 'running', 'paused'], process, given),
  delete: (process: Process, given: Step) =>
    steer('delete', ['succeeded', 'failed', 'cancelled'], process, given),
  async createDataset({ datasets }: Process, { tenantId, size }: Step) {
    await datasets.of(tenantId).create(dataset(10 * size))
  },
  async deleteDataset({ datasets }: Process, { pick }: Step) {
    const found = await stores.database.dataset.findMany({ select: { id: true, tenantId: true } })
    const unwanted = found[pick % found.length]
    if (unwanted !== undefined) await datasets.of(unwanted.tenantId).delete(unwanted.id)
  },
  async createModel({ models }: Process, { tenantId, size }: Step) {
    await models.of(tenantId).create(modelOf(size))
  },
  async changeLabels({ jobs, models }: Process, { pick, size }: Step) {
    const change = {
      name: pick % 2 === 0 ? null : 'é'.repeat(size),
      notes: 'x'.repeat(3_000 * (size - 1)),
      tags: upTo(size).map((tag) => `tag ${tag}`),
      metadata: { [`key ${pick % 3}`]: size === 1 ? null : 'value'.repeat(size) },
    }
    const found = await stores.database.job.findMany({ select: { id: true, tenantId: true } })
    const job = found[pick % found.length]
    if (job !== undefined) await jobs.of(job.tenantId).change(job.id, change)
    const stored = await stores.database.model.findMany({ select: { id: true, tenantId: true } })
    const model = stored[pick % stored.length]
    if (model !== undefined) await models.of(model.tenantId).change(model.id, change)
  },
  async changeOrDeleteModel({ models }: Process, { pick }: Step) {
    const found = await stores.database.model.findMany({ select: { id: true, tenantId: true } })
    const chosen = found[pick % found.length]
    if (chosen === undefined) return
    const ofTenant = models.of(chosen.tenantId)
    await (pick % 3 === 0 ? ofTenant.change(chosen.id, { threshold: 0.25 }) : ofTenant.delete(chosen.id))
  },
}

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(...Object.keys(actions).filter(isAction)),
  process: fc.nat({ max: 1 }),
  tenantId: fc.constantFrom(...tenants),
  priority: fc.integer({ min: -1, max: 1 }),
  pick: fc.nat({ max: 1_000 }),
  size: fc.integer({ min: 1, max: 5 }),
})

function isAction(name: string): name is keyof typeof actions {
  return name in actions
}

async function perform(given: Step): Promise<void> {
  try {
    await actions[given.action](processes[given.process], given)
  } catch (error) {
    // A concurrent action deleted what it needs.
    if (!(error instanceof Problem)) throw error
  }
}

describe('the sums', () => {
  it('equal those of the rows after any action', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        await clear()
        for (const each of steps) {
          await perform(each)
          seen.add(each.action)
          await expectTrueCounters(stores.database)
          await expectTrueUsage(stores.database)
        }
      }),
      { numRuns: 15, endOnFailure: true },
    )
    expect([...seen].toSorted()).toEqual(Object.keys(actions).toSorted())
  }, 120_000)

  it('equal those of the rows after concurrent actions', async () => {
    const together = fc.array(step, { minLength: 2, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.array(together, { minLength: 4, maxLength: 10 }), async (groups) => {
        await clear()
        for (const group of groups) {
          await Promise.all(group.map(perform))
          await expectTrueCounters(stores.database)
          await expectTrueUsage(stores.database)
        }
      }),
      { numRuns: 15, endOnFailure: true },
    )
  }, 120_000)

  it('are 0 when everything is deleted', async () => {
    await clear()
    const { use, queue } = await readCounters(stores.database)
    expect([use.kept, queue.kept]).toEqual([[], []])
  })
})
