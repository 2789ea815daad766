/** The real stores on a separate database, with jobs and models to store. */

import { type Stores as AllStores, openStores as openAllStores } from '../../src/composition/stores.js'
import type { Epoch } from '../../src/contract/epoch.js'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { jobSpecSchema } from '../../src/contract/job-spec.js'
import type { JobStatus } from '../../src/contract/job-status.js'
import type { EpochRun } from '../../src/engine/index.js'
import { type Database, openDatabase, type Prisma } from '../../src/store/database.js'
import type { ObjectStore } from '../../src/store/object-store.js'
import { newId } from '../../src/training/new-id.js'
import type { AllDatasets, DatasetStore } from '../../src/training/ports/datasets.js'
import type { AllJobs, JobStore, NewJob } from '../../src/training/ports/jobs.js'
import type { AllModels, ModelStore, NewModel } from '../../src/training/ports/models.js'
import { unknownOrigin } from '../../src/training/ports/origin.js'
import type { Capacity, Claim, ClaimedJob, RunStore } from '../../src/training/ports/runs.js'
import type { Tenanted } from '../../src/training/ports/tenants.js'
import { openSecretBox } from '../../src/webhooks/secret-box.js'
import { freshDatabase } from './postgres.js'

/** Encrypts the secrets of webhooks, here and in processes that are given it. */
export const webhookKey = Buffer.alloc(32, 7).toString('base64')

/** All stores. `jobs`, `models` and `datasets` also have the methods of the tenant `local`. */
export interface Stores extends AllStores {
  connectionString: string
  database: Database
  jobs: AllJobs & JobStore
  models: AllModels & ModelStore
  datasets: AllDatasets & DatasetStore
  close(): Promise<void>
}

/** @param objects has large chunks; null if PostgreSQL has them */
export async function openStores(objects: ObjectStore | null = null): Promise<Stores> {
  const { connectionString, drop } = await freshDatabase()
  const database = openDatabase(connectionString, undefined, objects)
  const stores = openAllStores(database, { box: openSecretBox([webhookKey]) })
  return {
    ...stores,
    connectionString,
    database,
    jobs: withLocal(stores.jobs),
    models: withLocal(stores.models),
    datasets: withLocal(stores.datasets),
    async close() {
      await database.$disconnect()
      await drop()
    },
  }
}

function withLocal<Store extends object, All extends Tenanted<Store>>(
  all: All & Tenanted<Store>,
): All & Store {
  return { ...all, ...all.of('local') }
}

export function xorSpec(changes: Partial<JobSpec> = {}): JobSpec {
  return jobSpecSchema.parse({
    dataset: 'xor',
    network: {
      inputShape: [2],
      layers: [
        { type: 'dense', units: 4, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    epochs: 100,
    batchSize: 4,
    validationSplit: 0,
    seed: 1,
    ...changes,
  })
}

export function newJob(changes: Partial<NewJob> = {}): NewJob {
  return {
    id: newId('job'),
    name: null,
    spec: xorSpec(),
    metadata: {},
    ...unknownOrigin,
    priority: 0,
    datasetId: null,
    validationDatasetId: null,
    parameters: 17,
    arenaBytes: 1024,
    flopsPerEpoch: 100,
    stepsPerEpoch: 1,
    inlineDataset: null,
    retraining: null,
    sweep: null,
    trials: null,
    pauseAfter: null,
    sharing: null,
    identity: null,
    copyOf: null,
    replay: null,
    changes: [],
    backend: null,
    ...changes,
  }
}

/** Creates a job and claims it. */
export async function startJob(
  stores: Pick<Stores, 'database' | 'jobs' | 'runs'>,
  workerId = 'worker_a',
  { tenantId = 'local', ...changes }: Partial<NewJob> & { tenantId?: string } = {},
): Promise<ClaimedJob> {
  const { id } = await stores.jobs.of(tenantId).create(newJob(changes))
  return claimJob(stores, id, workerId)
}

/** Puts a job into a status, whether or not a job may change to it. */
export async function setStatus(
  { database }: Pick<Stores, 'database'>,
  id: string,
  status: JobStatus,
  others: Prisma.JobUncheckedUpdateInput = {},
): Promise<void> {
  await database.$transaction([
    database.$executeRaw`ALTER TABLE "Job" DISABLE TRIGGER "checkTransition"`,
    database.job.update({ where: { id }, data: { ...others, status } }),
    database.$executeRaw`ALTER TABLE "Job" ENABLE TRIGGER "checkTransition"`,
  ])
}

/** Claims this queued job, whatever else waits. */
export async function claimJob(
  { database, runs }: Pick<Stores, 'database' | 'runs'>,
  id: string,
  workerId = 'worker_b',
): Promise<ClaimedJob> {
  const others = await database.job.updateManyAndReturn({
    where: { status: 'queued', id: { not: id } },
    data: { status: 'paused' },
    select: { id: true },
  })
  const claim = await claimNext(runs, workerId)
  await database.job.updateMany({
    where: { id: { in: others.map((other) => other.id) } },
    data: { status: 'queued' },
  })
  if (claim?.jobId !== id) throw new Error(`job ${id} was to be claimed, not ${claim?.jobId ?? 'nothing'}`)
  return claim
}

/** No jobs, and no tenant has had a turn. */
export async function clearQueue({ database }: Pick<Stores, 'database'>): Promise<void> {
  await database.job.deleteMany()
  await database.tenantUse.updateMany({ data: { threadTime: 0 } })
  await database.queueClock.updateMany({ data: { threadTime: 0 } })
}

/** The capacity for one job on one thread, unless it says otherwise. */
export const capacityWith = (capacity: Partial<Capacity>): Capacity => ({
  free: 1,
  all: 1,
  jobs: 1,
  seconds: 0,
  timeScale: 1,
  freeIn: Array.from({ length: capacity.all ?? 1 }, () => 0),
  reservation: null,
  ...capacity,
})

/** Claims the job whose turn it is, and none together with it; null when there is none or it does not fit. */
export async function claimNext(
  runs: RunStore,
  workerId: string,
  capacity: Partial<Capacity> = {},
): Promise<ClaimedJob | null> {
  const { jobs } = await runs.claim(workerId, capacityWith(capacity))
  const [claim = null] = jobs
  return claim
}

/** Stores epochs under a claim, without a checkpoint. */
export async function storeEpochs(
  stores: Pick<Stores, 'runs'>,
  claim: Claim,
  epochs: Epoch[],
  { backend = 'wasm', seconds = 0 } = {},
): Promise<boolean> {
  return stores.runs.record(claim, {
    epochs: packEpochs(epochs),
    seconds,
    backend,
    backendDetail: null,
    checkpoint: null,
    snapshots: null,
  })
}

/** output = 2 a + 3 b + 1, over raw inputs called a and b. */
export function linearModel(changes: Partial<NewModel> = {}): NewModel {
  return {
    id: newId('model'),
    name: null,
    network: {
      inputShape: [2],
      layers: [{ type: 'dense', units: 1, activation: 'linear', useBias: true }],
    },
    loss: 'squaredError',
    layers: [
      { index: 0, type: 'dense', activation: 'linear', inputShape: [2], outputShape: [1], parameters: 3 },
    ],
    coding: {
      features: [
        { type: 'number', name: 'a', offset: 0, scale: 1 },
        { type: 'number', name: 'b', offset: 0, scale: 1 },
      ],
      target: { type: 'number', names: ['y'] },
    },
    parameters: 3,
    tensors: [
      { name: 'layers.0.weight', shape: [1, 2], offset: 0 },
      { name: 'layers.0.bias', shape: [1], offset: 2 },
    ],
    weights: float32Bytes([2, 3, 1]),
    evaluation: null,
    ...changes,
  }
}

export function float32Bytes(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true)
  return bytes
}

/** A model as a finished job leaves it. */
export async function storeModel(
  stores: Pick<Stores, 'database' | 'jobs' | 'runs'>,
  model = linearModel(),
): Promise<NewModel> {
  const claim = await startJob(stores)
  if (!(await stores.runs.succeed(claim, model))) throw new Error('a running job cannot succeed')
  return model
}

/** Epochs of those numbers, the loss falling. */
export const epochsOf = (numbers: number[]): Epoch[] =>
  numbers.map((epoch) => ({
    epoch,
    loss: 1 / epoch,
    accuracy: null,
    valLoss: null,
    valAccuracy: null,
    seconds: 0,
  }))

/** As the engine packs them; they must follow one another. */
export function packEpochs(epochs: Epoch[]): EpochRun {
  const metrics = epochs.flatMap(({ loss, accuracy, valLoss, valAccuracy, diverged }) => [
    diverged ? Number.POSITIVE_INFINITY : (loss ?? Number.NaN),
    ...[accuracy, valLoss, valAccuracy].map((value) => value ?? Number.NaN),
  ])
  return { firstEpoch: epochs[0]?.epoch ?? 1, metrics: Float64Array.from(metrics) }
}
