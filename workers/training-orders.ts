/** Prepares the orders of claimed jobs for a training thread: rows, initial weights, checkpoint. */
import type { Logger } from 'pino'
import { fillBuffers } from '../src/base/fill-buffers.js'
import type { Coding } from '../src/contract/dataset.js'
import { isDivided } from '../src/contract/folds.js'
import { idPrefixes } from '../src/contract/ids.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import type { ProblemCode } from '../src/contract/problems.js'
import { divideByChanges } from '../src/contract/segments.js'
import type { Inheritance } from '../src/datasets/inherited-coding.js'
import {
  type BackendName,
  explainBackend,
  outputShape,
  runnableBackend,
  variantOf,
} from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'
import type { StoredCheckpoint } from '../src/training/ports/checkpoints.js'
import type { AllModels } from '../src/training/ports/models.js'
import type { ClaimedJob, RunStore } from '../src/training/ports/runs.js'
import { isLarge } from './export-arrays.js'
import type { FoldMemory } from './fold-memory.js'
import type { Filled, FoldResult, Large, RawData, Refusal, SharedData, TrainingOrder } from './messages.js'
import type { SharedDatasets, Taken } from './shared-datasets.js'
import { beginAt, continueFromTrial, keepSharing, lastSharedEpoch } from './shared-epochs.js'
import type { StoredTables } from './stored-tables.js'

export interface OrderSources {
  runs: Pick<RunStore, 'checkpoint' | 'adoptCheckpoint' | 'sharedCheckpoints' | 'stopSharing'>
  models: Pick<AllModels, 'get' | 'openWeights'>
  storedTables: StoredTables
  sharedDatasets: SharedDatasets
  checkpointMilliseconds: number
  backend: BackendSetting
  log: Pick<Logger, 'warn'>
}

/** Large bytes, read when the thread requests them. */
interface Fetched {
  checkpoint: StoredCheckpoint | null
  /** The id of the source model. */
  initialWeights: string | undefined
}

const gone = (message: string): Refusal => ({ code: 'invalid-dataset', message })

/** What is damaged, if the error says so. No further attempt can succeed. */
const damageOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && error.code === ('integrity' satisfies ProblemCode)
    ? error.message
    : null

/** The orders of the jobs of one thread. */
export class TrainingOrders {
  /** The index of the order that encodes the data, by its key. */
  readonly #encoding = new Map<string, number>()
  readonly #taken = new Map<number, { key: string; taken: Taken }>()
  /** By the index of the order. */
  readonly #fetched: Fetched[] = []
  /** Stores the result of a fold, by the index of the order. */
  readonly #onFold: ((result: FoldResult) => void)[] = []
  #count = 0

  constructor(
    private readonly sources: OrderSources,
    private readonly folds: FoldMemory,
  ) {}

  /** Adds a job. The thread trains jobs in the order of the calls. If a store throws, the job is not added. */
  async add(job: ClaimedJob, stop: Int32Array): Promise<TrainingOrder | Refusal> {
    try {
      return await this.#add(job, stop)
    } catch (error) {
      this.#abandon()
      const message = damageOf(error)
      if (message === null) throw error
      return { code: 'integrity', message }
    }
  }

  async #add(job: ClaimedJob, stop: Int32Array): Promise<TrainingOrder | Refusal> {
    const { runs, checkpointMilliseconds, log } = this.sources
    const source = await this.#loadSource(job)
    if ('code' in source) return source
    const hasFolds = job.spec.earlyStopping?.folds !== undefined
    const [first, ...later] = divideByChanges(job.spec, job.changes)
    const isSame = later.every(
      ({ spec }) => JSON.stringify(spec.dataset) === JSON.stringify(first.spec.dataset),
    )
    const data = isSame
      ? await this.#take(job, source.sourceCoding)
      : await this.#load(withDataset(job, first.spec), source.sourceCoding)
    const laterData = isSame
      ? []
      : await Promise.all(later.map(({ spec }) => this.#load(withDataset(job, spec), null)))
    const raw = hasFolds ? await this.#load(job, source.sourceCoding) : null
    if (data === null || (hasFolds && raw === null) || laterData.includes(null)) {
      this.#abandon()
      return gone('The dataset of this job no longer exists.')
    }
    const backend = this.#backendFor(job)
    if (job.storedEpoch === 0) {
      if (job.fork === null) await continueFromTrial(runs, job, variantOf(backend))
      else beginAt(job, await runs.adoptCheckpoint(job, job.fork))
    }
    // A first attempt has no checkpoint, unless it took one over.
    const isNew = job.attempt === 1 && job.storedEpoch === 0
    const stored = isNew ? null : await runs.checkpoint(job.jobId, (message) => log.warn(message))
    await keepSharing(runs, job, stored, variantOf(backend))
    this.#onFold[this.#count] = (result) => this.folds.add(job.jobId, first.spec, backend, result)
    this.#fetched[this.#count] = { checkpoint: stored, initialWeights: job.spec.from }
    this.#count++
    return {
      backend,
      spec: job.spec,
      changes: job.changes,
      data,
      laterData: isSame ? null : laterData.filter((rows) => rows !== null),
      foldData: raw,
      foldResults: hasFolds ? this.folds.read(job.jobId, first.spec, backend) : [],
      plannedEpochs: hasFolds && job.storedEpoch > 0 ? job.epochs : null,
      ...source,
      checkpoint: stored === null ? null : await orderedCheckpoint(stored),
      checkpointMilliseconds,
      pauseAfter: job.pauseAfter,
      sharedEpoch: lastSharedEpoch(job),
      stop,
    }
  }

  /**
   * The fastest backend that runs now. A continued job keeps the backend of its stored epochs, so that its weights are
   * the same to the last bit.
   */
  #backendFor({ backend: begun }: ClaimedJob): BackendName {
    const { backend } = this.sources
    return (backend === 'auto' ? runnableBackend(begun) : null) ?? explainBackend(backend).name
  }

  /** Writes a large part of an order to the buffers, as it arrives from the database. */
  async fill(index: number, what: Filled, buffers: Uint8Array[]): Promise<Refusal | null> {
    const { checkpoint, initialWeights } = this.#fetched[index]
    if (what === 'checkpoint') {
      const bytes = checkpoint === null ? 0 : await fillBuffers(buffers, checkpoint.chunks())
      if (bytes !== checkpoint?.length) throw new Error('the checkpoint changed while it was read')
      return null
    }
    return this.#orRefusal(initialWeights, async (id) => {
      const weights = await this.sources.models.openWeights(id)
      if (weights === null) return null
      await fillBuffers(buffers, weights.chunks)
      return weights
    }).then((outcome) => ('code' in outcome ? outcome : null))
  }

  /** The refusal of a job whose `from` model is deleted or damaged. */
  async #orRefusal<Found extends object>(
    from: string | undefined,
    find: (id: string) => Promise<Found | null>,
  ): Promise<Found | Refusal> {
    const missing = gone(`The model ${from} to start from no longer exists.`)
    try {
      return (from === undefined ? null : await find(from)) ?? missing
    } catch (error) {
      const message = damageOf(error)
      if (message !== null) return { code: 'integrity', message }
      if (error instanceof Error && 'code' in error && error.code === ('not-found' satisfies ProblemCode))
        return missing
      throw error
    }
  }

  encoded(index: number, data: SharedData): void {
    const taken = this.#taken.get(index)?.taken
    if (taken?.type === 'encode') taken.publish(data)
  }

  /**
   * Whether the next claim of a job finds its rows encoded.
   * @param index of the order
   */
  keepsRows(index: number): boolean {
    const taken = this.#taken.get(index)
    return (
      taken !== undefined && taken.taken.type !== 'private' && this.sources.sharedDatasets.keeps(taken.key)
    )
  }

  fold(index: number, result: FoldResult): void {
    this.#onFold[index](result)
  }

  /** Forgets shared datasets of a dead thread, which may have left reserved memory in them. */
  forget(): void {
    for (const { key } of this.#taken.values()) this.sources.sharedDatasets.forget(key)
  }

  release(): void {
    for (const { taken } of this.#taken.values()) if (taken.type === 'encode') taken.abandon()
    this.sources.sharedDatasets.evict()
  }

  /** Releases the shared dataset of an order that is not trained. */
  #abandon(): void {
    const { key, taken } = this.#taken.get(this.#count) ?? {}
    this.#taken.delete(this.#count)
    if (taken?.type === 'encode') taken.abandon()
    if (key !== undefined && this.#encoding.get(key) === this.#count) this.#encoding.delete(key)
  }

  /** Encoded rows, raw rows, or the index of an earlier order that encodes them. Null if the dataset was deleted. */
  async #take(job: ClaimedJob, sourceCoding: Coding | null): Promise<TrainingOrder['data'] | null> {
    const key = dataKey(job)
    const earlier = this.#encoding.get(key)
    if (earlier !== undefined) return earlier
    // Two threads could wait for each other's rows forever, so only a single job waits.
    const taken = await this.sources.sharedDatasets.take(key, this.#count === 0)
    this.#taken.set(this.#count, { key, taken })
    if (taken.type === 'shared') return taken.data
    this.#encoding.set(key, this.#count)
    return this.#load(job, sourceCoding)
  }

  async #loadSource({
    spec: { from, fromMismatch },
  }: ClaimedJob): Promise<Pick<TrainingOrder, 'initialWeights' | 'sourceCoding'> | Refusal> {
    if (from === undefined) return { initialWeights: null, sourceCoding: null }
    const { models } = this.sources
    return this.#orRefusal(from, async () => {
      const [weights, model] = await Promise.all([models.openWeights(from), models.get(from)])
      if (weights === null || model === null) return null
      const { tensors, length, chunks } = weights
      const initialWeights = { tensors, bytes: await orderedBytes(length, () => chunks) }
      return { initialWeights, sourceCoding: fromMismatch === undefined ? null : model.coding }
    })
  }

  async #load(
    { spec, datasetId, validationDatasetId }: ClaimedJob,
    sourceCoding: Coding | null,
  ): Promise<RawData | null> {
    const { storedTables } = this.sources
    const { dataset, validationDataset } = spec
    const [training, validation] = await Promise.all([
      storedTables.take(dataset, datasetId),
      validationDataset === undefined ? null : storedTables.take(validationDataset, validationDatasetId),
    ])
    if (training === null || (validationDataset !== undefined && validation === null)) return null
    const { table, image } = training
    const inheritance = sourceCoding === null ? null : toInheritance(spec, sourceCoding)
    return { type: 'raw', training: table, validation: validation?.table ?? null, image, inheritance }
  }
}

/** The job as if all its segments had the dataset of this one. */
function withDataset(job: ClaimedJob, { dataset }: JobSpec): ClaimedJob {
  const isStored = typeof dataset === 'string' && dataset.startsWith(idPrefixes.dataset)
  return { ...job, spec: { ...job.spec, dataset }, datasetId: isStored ? dataset : null }
}

async function orderedCheckpoint({ length, chunks, ...head }: StoredCheckpoint) {
  return { ...head, bytes: await orderedBytes(length, chunks) }
}

/** Returns the bytes, or only their length if the thread must request them. */
async function orderedBytes(
  length: number,
  chunks: () => AsyncIterable<Uint8Array>,
): Promise<Uint8Array | Large> {
  if (isLarge(length)) return { length }
  const bytes = new Uint8Array(length)
  await fillBuffers([bytes], chunks())
  return bytes
}

function toInheritance({ inherited = [] }: JobSpec, coding: Coding): Inheritance {
  return {
    coding,
    scaling: inherited.includes('scaling'),
    targetScaling: inherited.includes('targetScaling'),
  }
}

/** The seed matters only if it selects rows. */
const splitKey = ({ split, validationSplit, seed, testSplit, validationFold }: JobSpec) => [
  ...[split, testSplit ?? 0, validationFold ?? null],
  ...(validationSplit === 0 ? [] : [validationSplit, seed]),
]

/** The key of the encoded rows: jobs with the same key share them. */
function dataKey({ spec }: ClaimedJob): string {
  const { dataset, validationDataset, scaling, targetScaling, derivedFeatures, loss, network } = spec
  const { classWeight, sampleWeight, excludedRows } = spec
  const shape = outputShape(network, network.inputShape ?? [])
  const split = isDivided(spec) ? splitKey(spec) : null
  const weights = [classWeight, sampleWeight, excludedRows].map((each) => each ?? null)
  const scales = [
    scaling,
    targetScaling,
    spec.fromMismatch === undefined ? null : [spec.from, spec.inherited],
  ]
  const columns = [derivedFeatures ?? null, scales, weights]
  return JSON.stringify([dataset, validationDataset ?? null, split, columns, loss, shape])
}
