/** What the use-cases need from the world; store, queue and workers provide it. */

import type { Boundary } from '../contract/boundary.js'
import type { CheckpointHeader } from '../contract/checkpoint.js'
import type { Cell, Coding, Dataset, DatasetWarning, GeneratedDataset, Scaling } from '../contract/dataset.js'
import type { Epoch } from '../contract/epoch.js'
import type { Evaluation } from '../contract/evaluation.js'
import type { Change, Job, JobError, JobSpec, JobStatus, ResumeRequest } from '../contract/job.js'
import type { JobEvent, ReleaseReason } from '../contract/job-event.js'
import type { Key, Scope } from '../contract/key.js'
import type { LimitChanges, OwnLimits, TenantLimits, Use } from '../contract/limits.js'
import type { Construction, EvaluatedModel, LayerSummary, Model, Tensor } from '../contract/model.js'
import type { Network } from '../contract/network.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'
import type { Preparation } from '../contract/preparation.js'
import type { Problem } from '../contract/problems.js'
import type {
  CreatedWebhook,
  Delivery,
  RotatedWebhook,
  Webhook,
  WebhookEvent,
  WebhookWithDeliveries,
} from '../contract/webhook.js'
import type { Worker, WorkersSummary } from '../contract/worker.js'
import type { Prepared } from '../datasets/prepare.js'
import type { RowSplit, SplitRule } from '../datasets/split-rows.js'
import type { DatasetError, Table } from '../datasets/table.js'
import type { EpochRun } from '../engine/index.js'

export interface NewJob {
  id: string
  name: string | null
  spec: JobSpec
  metadata: Record<string, string>
  /** Both of the request, for log lines. */
  requestId: string | null
  traceId: string | null
  priority: number
  datasetId: string | null
  validationDatasetId: string | null
  parameters: number
  arenaBytes: number
  flopsPerEpoch: number
  stepsPerEpoch: number
  /** Stored in the same transaction as the job, when its rows came inside the request. */
  inlineDataset: NewDataset | null
}

/** A claim on a job: what every write of the worker that runs it must name. */
export interface Claim {
  jobId: string
  /** Raised by each claim and each resumption, so that a worker thought dead can no longer write. */
  attempt: number
}

export interface ClaimedJob extends Claim {
  tenantId: string
  requestId: string | null
  traceId: string | null
  spec: JobSpec
  changes: Change[]
  datasetId: string | null
  validationDatasetId: string | null
  /** Epochs up to this one are stored already, by an earlier attempt. */
  storedEpoch: number
  /** Epochs in all: those of the spec, or those that folds have chosen in an earlier attempt. */
  epochs: number
  /** The engine's backend that stored them; null when nothing is stored. */
  backend: string | null
  /** What the rest of it is estimated to take, on any machine. */
  estimatedSeconds: number
  /** Times in a row that it killed a worker or a thread. */
  crashes: number
}

/** In order; several pieces where they are stored in several places, such as the memory of a training. */
export type Bytes = Uint8Array | readonly Uint8Array[]

/** Everything a training needs to go on, bit for bit. */
export interface Checkpoint {
  /** Finished epochs, and finished steps of the next one. */
  epoch: number
  step: number
  /** Backend and variant that computed it. */
  backend: string
  /** What is not an array of numbers, and where the arrays lie in `bytes`. */
  header: CheckpointHeader
  /** Float32 little-endian. */
  bytes: Bytes
}

/** One whose bytes are read when they are needed. */
export interface StoredCheckpoint extends Omit<Checkpoint, 'bytes'> {
  length: number
  chunks(): AsyncIterable<Uint8Array>
}

/** A small network on one or two features as it was after some epochs; its boundary is drawn from it. */
export interface WeightSnapshots {
  coding: Coding
  tensors: Tensor[]
  /** In the order of their epochs. */
  taken: {
    epoch: number
    /** Whether it stays when a newer one comes. */
    kept: boolean
    /** Float32 little-endian. */
    bytes: Uint8Array
  }[]
}

/** A step of progress: epochs in order, and perhaps a checkpoint behind the last of them. */
export interface Progress {
  epochs: EpochRun
  /** Spent in training these epochs, and since then in the one that is not finished yet. */
  seconds: number
  backend: string
  backendDetail: string | null
  checkpoint: Checkpoint | null
  /** Null where no boundary is drawn, or none was taken. */
  snapshots: WeightSnapshots | null
  /** The number of epochs that folds have chosen; left out where the spec says it. */
  plannedEpochs?: number | undefined
}

export interface JobProgress {
  jobId: string
  status: JobStatus
  epoch: number
}

/** News of a job, with the time of its commit by the database's clock. */
export interface Hint extends JobProgress {
  committedAt: Date
}

/** A store of things that belong to tenants: through `of`, everything of others is as if it did not exist. */
export interface Tenanted<Store> {
  of(tenantId: string): Store
}

export interface ListPage {
  limit: number
  after?: string | undefined
}

export interface Page<T> {
  data: T[]
  hasMore: boolean
  /** Where the next page begins: `after` of the request for it. Null for a page without items. */
  lastId: string | null
}

/** A request with an Idempotency-Key: what it creates is created once. */
export interface Once {
  tenantId: string
  key: string
  /** Of the whole request; another one under the same key is refused. */
  fingerprint: string
}

export interface IdempotencyStore {
  /** The answer given, or null; throws Problem `idempotency-key-reused` when it was to another request. */
  find(once: Once): Promise<unknown>
  /** Forgets what is older than a day. */
  sweep(): Promise<void>
}

/** Whoever something is done for, and what it may have. */
export interface Tenant {
  tenantId: string
  limits: TenantLimits
}

export interface TenantStore {
  /** What differs from the settings. */
  ownLimits(tenantId: string): Promise<OwnLimits>
  /** False when there is no such tenant; `local` always is. */
  changeLimits(tenantId: string, changes: LimitChanges): Promise<boolean>
  use(tenantId: string): Promise<Use>
}

/** The jobs of one tenant. */
export interface JobStore {
  /**
   * Throws Problem `idempotency-key-in-flight` when another request with that key was faster, `too-many-jobs`,
   * `too-much-stored`, or `invalid-spec` when a dataset or model that it names was deleted meanwhile.
   */
  create(job: NewJob, once?: Once): Promise<Job>
  /**
   * Stores in one transaction what it can, and makes an answer of what became of each, which is remembered for `once`. What
   * `answer` throws undoes everything. The jobs have no rows of their own.
   */
  createAll<T>(jobs: NewJob[], once: Once | undefined, answer: (outcomes: (Job | Problem)[]) => T): Promise<T>
  /** Throws what `create` would now throw of the tenant's limits; the job's rows are read, and nothing is stored. */
  checkLimits(job: NewJob): Promise<void>
  get(id: string): Promise<Job | null>
  /** Those that exist, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<Job[]>
  /** Newest first; throws Problem `invalid-request` when `after` names no job. */
  list(page: ListPage & { status?: JobStatus | undefined; name?: string | undefined }): Promise<Page<Job>>
  /** State and newest epoch of those jobs that exist. */
  progress(ids: string[]): Promise<JobProgress[]>
  /** Each enters its state if that is legal now, and says whether it did. */
  cancel(id: string): Promise<boolean>
  pause(id: string): Promise<boolean>
  /** Back to queued; what the change leaves out stays. Throws Problem `invalid-spec` when it cannot be. */
  resume(id: string, change: ResumeRequest): Promise<boolean>
  /** Its life, oldest first; null when there is no such job. Throws as `list`. */
  events(id: string, page: ListPage): Promise<Page<JobEvent> | null>
  /** Deletes a finished job with its epochs and checkpoints; its model stays. */
  delete(id: string): Promise<boolean>
  /** The same for those in these end states that ended before a time, the oldest first; says how many. */
  deleteEnded(statuses: readonly JobStatus[], before: Date, most: number): Promise<number>
}

/** The jobs of all tenants, for the service's own work. */
export interface AllJobs extends Tenanted<JobStore>, Pick<JobStore, 'get' | 'progress'> {
  /** Whether any job is queued. */
  anyQueued(): Promise<boolean>
  /** Forgets counts of parts of the queue that are empty, deletes checkpoints of ended jobs, and jobs that have had their time. */
  sweep(): Promise<void>
  /** Takes running jobs from workers silent for `milliseconds`: back to queued, or failed at the third crash without progress. */
  releaseAbandoned(milliseconds: number): Promise<void>
  /** The same, at once, for a worker that is known to be dead. */
  releaseWorker(workerId: string): Promise<void>
}

/** What a worker can take: threads, where a job of more than `all` takes all of them, and how much at once. */
export interface Room {
  readonly free: number
  readonly all: number
  /** Jobs taken together at most, and the seconds of work in them: small ones of one thread, or else one. */
  readonly jobs: number
  readonly seconds: number
  /** Measured by estimated seconds of trainings. */
  readonly timeScale: number
  /** Seconds until one thread is free, until two are, and so on up to `all`. */
  readonly freeIn: readonly number[]
  /** The job that waits for threads, and in how many seconds it is to get them. */
  readonly reservation: { readonly jobId: string; readonly seconds: number } | null
}

/** A claimed job of which something is stored that this release cannot read. */
export interface Unreadable {
  claim: Claim
  error: unknown
}

export interface Claimed {
  jobs: ClaimedJob[]
  unreadable: Unreadable[]
  /** Jobs that stay queued. */
  left: number
  /** The job whose turn it is, where it waits for more threads than are free. */
  waiting: { jobId: string; threads: number } | null
}

/** A training that ended before anything of it was stored. */
export interface Success {
  claim: Claim
  progress: Omit<Progress, 'checkpoint'>
  model: NewModel
  bestEpoch: number | null
}

export interface RunStore {
  /**
   * The jobs whose turn it is, of tenants that may run more, enter `running` and raise their attempt. Where the first waits
   * for more threads than are free, only jobs are taken that are expected to end before it can begin.
   */
  claim(workerId: string, room: Room): Promise<Claimed>
  /** Those of the claims that hold; the other runs must stop. */
  heartbeat(claims: Claim[]): Promise<Claim[]>
  /** The newest checkpoint that is whole; damaged ones are reported and passed over. */
  checkpoint(jobId: string, onDamage: (message: string) => void): Promise<StoredCheckpoint | null>
  /** The methods below return false, and change nothing, when the claim no longer holds. */
  record(claim: Claim, progress: Progress): Promise<boolean>
  /**
   * One transaction: the model, its weights, and the job's success. The chunks of large weights are committed before it. Job
   * and model show the metrics of `bestEpoch`, the epoch whose weights early stopping restored; without one, those of the
   * last epoch.
   */
  succeed(claim: Claim, model: NewModel, bestEpoch?: number | null): Promise<boolean>
  /** Whether `succeedAll` takes it: small weights, and the best epoch among those that are not stored. */
  isWhole(success: Success): boolean
  /** The same of trainings whose epochs are not stored yet, all of them in one statement; says which claims held. */
  succeedAll(successes: readonly Success[]): Promise<boolean[]>
  fail(claim: Claim, error: JobError): Promise<boolean>
  /** Back to queued, through no fault of the job. */
  release(claim: Claim, reason: ReleaseReason): Promise<boolean>
  /**
   * The training thread died: back to queued, or failed at the third time without a new epoch in between. With
   * `retryMilliseconds` the claim is held until `requeue`, and true says that it is.
   */
  crash(claim: Claim, retryMilliseconds?: number): Promise<boolean>
  /** Back to queued, as `crash` has announced. */
  requeue(claim: Claim): Promise<boolean>
}

export interface EpochStore {
  /** At most `limit` epochs behind `after`, in order. */
  read(jobId: string, after: number, limit: number): Promise<Epoch[]>
  readPacked(jobId: string, after: number, limit: number): Promise<PackedEpochs>
  /** About `points` kept epochs spread evenly over the history, the first and the last among them. */
  readThinned(jobId: string, points: number): Promise<Epoch[]>
}

/** Epochs of a job: at most `limit` after that one. */
export interface EpochsWanted {
  jobId: string
  after: number
  limit: number
}

/** A job, and epochs of it as of the same moment. */
export interface WatchedJob {
  tenantId: string
  job: Job
  epochs: PackedEpochs
}

/** What watching reads: of many jobs, of all tenants, in one statement each. Answers are in the order of the questions. */
export interface WatchStore extends Pick<JobStore, 'progress'> {
  /** Null for a job that does not exist. */
  jobs(wanted: readonly EpochsWanted[]): Promise<(WatchedJob | null)[]>
  epochs(wanted: readonly EpochsWanted[]): Promise<PackedEpochs[]>
}

export interface SnapshotStore {
  /** At most `limit` snapshots behind that epoch, in order. */
  read(jobId: string, after: number, limit: number): Promise<WeightSnapshots>
}

export interface NewModel {
  id: string
  name: string | null
  network: Network
  loss: string
  layers: LayerSummary[]
  coding: Coding
  parameters: number
  tensors: Tensor[]
  /** Float32 little-endian. */
  weights: Bytes
  evaluation: Evaluation | null
}

/** The models of one tenant. */
export interface ModelStore {
  /** A model that no job made. Throws Problem `idempotency-key-in-flight` when another request with that key was faster, or `too-much-stored`. */
  create(model: NewModel, once?: Once): Promise<Model>
  /** As it is now. Shared by all who ask: not to be changed. */
  get(id: string): Promise<Model | null>
  getEvaluated(id: string): Promise<EvaluatedModel | null>
  list(page: ListPage): Promise<Page<Model>>
  /** Names and shapes of the weights. */
  tensors(id: string): Promise<Tensor[] | null>
  /** Null when there is no such model. */
  setThreshold(id: string, threshold: number): Promise<Model | null>
  /** `used`: a job that has not ended starts from it. */
  delete(id: string): Promise<'deleted' | 'used' | 'missing'>
}

/** A model that is looked for before it is known who asks. */
export interface AskedModel {
  /** As it was after it was asked for. Shared by all who ask: not to be changed. */
  of(tenantId: string): Promise<Model | null>
}

export interface OpenWeights {
  tensors: Tensor[]
  /** Of all chunks together. */
  length: number
  /**
   * Hashed as they pass: nothing may be done with them before the last has come. Throws Problem `integrity` at the end when
   * they do not match the stored SHA-256, or `not-found` when the model was deleted meanwhile.
   */
  chunks: AsyncIterable<Uint8Array>
}

/** The models of all tenants, for the service's own work. */
export interface AllModels extends Tenanted<ModelStore>, Pick<ModelStore, 'get'> {
  /** Begins to look for the model. */
  ask(id: string): AskedModel
  /** Calls `listener` with the id of each model that is found to be gone, whichever process deleted it. */
  onGone(listener: (id: string) => void): void
  /** In one piece, as `openWeights` gives them. */
  weights(id: string): Promise<{ tensors: Tensor[]; bytes: Uint8Array } | null>
  /** To be read in chunks, of which one is in memory at a time. */
  openWeights(id: string): Promise<OpenWeights | null>
  /** Its bytes in order, unchecked, after `offset` bytes of its first chunk, with one piece in memory at a time. */
  weightChunks(id: string, offset?: number): AsyncIterable<Uint8Array>
}

export interface NewDataset {
  id: string
  name: string | null
  origin: 'uploaded' | 'inline'
  /** Of a job that does not choose. */
  scaling: Scaling
  /** Its rows as they come, then what they are; what it throws, creating throws, and nothing is stored. */
  pieces: AsyncIterable<Prepared> | Iterable<Prepared>
}

/** Some rows of a table: those of the chunks, the first of which has the number `first`. */
export interface TableSlice extends Table {
  first: number
}

/** The datasets of one tenant. */
export interface DatasetStore {
  /** One transaction; holds one piece at a time. Throws Problem `too-much-stored`. */
  create(dataset: NewDataset): Promise<Dataset>
  get(id: string): Promise<Dataset | null>
  /** Uploaded ones, newest first. */
  list(page: ListPage): Promise<Page<Dataset>>
  /** The table with those chunks only that hold rows first … first + count − 1; `rows` counts them all. */
  rows(id: string, first: number, count: number): Promise<TableSlice | null>
  /** `used`: by a job that has not ended. */
  delete(id: string): Promise<'deleted' | 'used' | 'missing'>
}

/** The datasets of all tenants, for the service's own work. */
export interface AllDatasets extends Tenanted<DatasetStore>, Pick<DatasetStore, 'get'> {
  table(id: string): Promise<Table | null>
}

/** Encrypts the secrets of webhooks. */
export interface SecretBox {
  seal(secret: string, webhookId: string): string
  /** Null when no key opens it, it was changed, or it is of another webhook. */
  open(sealed: string, webhookId: string): string | null
  /** Whether it was sealed by the key that seals now. */
  isCurrent(sealed: string): boolean
}

export interface NewWebhook {
  id: string
  tenantId: string
  url: string
  events: WebhookEvent[]
  /** `whsec_` and base64. */
  secret: string
}

/** A delivery to attempt now. */
export interface DueDelivery {
  id: string
  webhookId: string
  event: string
  url: string
  /** Each signs; none when the service's keys open none. */
  secrets: string[]
  body: string
  /** This attempt counted. */
  attempts: number
  /** Of them, those from before it was last asked to be sent again. */
  attemptsBefore: number
}

export interface DeliveryOutcome {
  /** `interrupted` says nothing of the receiver. */
  result: 'delivered' | 'failed' | 'interrupted'
  status: number | null
  error: string | null
  /** Null when there will be no further attempt. */
  retrySeconds: number | null
}

/** How many attempts may be in flight: further ones here, and all of a tenant and of a webhook, whoever makes them. */
export interface AttemptRoom {
  attempts: number
  perTenant: number
  perWebhook: number
}

export interface WebhookStore {
  /** Throws Problem `too-many-webhooks`, or `idempotency-key-in-flight` as `JobStore.create` does. */
  create(webhook: NewWebhook, once?: Once): Promise<CreatedWebhook>
  list(tenantId: string, page: ListPage): Promise<Page<Webhook>>
  get(tenantId: string, id: string): Promise<WebhookWithDeliveries | null>
  delete(tenantId: string, id: string): Promise<boolean>
  /** Due deliveries, tenants in turn; due again after the lease unless the outcome is recorded. */
  claim(room: AttemptRoom, leaseSeconds: number): Promise<DueDelivery[]>
  /** `disabledOf` is the tenant of the webhook when this outcome disables it. */
  record(
    delivery: Pick<DueDelivery, 'id' | 'webhookId' | 'attempts'>,
    outcome: DeliveryOutcome,
  ): Promise<{ disabledOf: string | null }>
  /** Files a test event, unless one is on its way; null when there is no such webhook. */
  fileTest(tenantId: string, webhookId: string): Promise<Delivery | null>
  /** Sends a delivery again, now; null when there is no such webhook, undefined when it has no such delivery. */
  redeliver(tenantId: string, webhookId: string, id: string): Promise<Delivery | null | undefined>
  /** Null when there is no such webhook. Throws Problem `unavailable` when the service has no keys, as `create` does. */
  rotate(
    tenantId: string,
    id: string,
    replacement: { secret: string; overlapSeconds: number },
  ): Promise<RotatedWebhook | null>
  /** Null when there is no such webhook. */
  enable(tenantId: string, id: string): Promise<Webhook | null>
  /** Forgets deliveries of more than a week ago. */
  sweep(): Promise<void>
}

/** What all processes did together. */
export interface Figures {
  workers: WorkersSummary
  epochs: number
  trainingSeconds: number
  unfinished: { status: JobStatus; jobs: number }[]
  ended: { status: JobStatus; jobs: number }[]
}

/** What a worker process says of itself. */
export interface WorkerReport {
  id: string
  threads: number
  busyThreads: number
  backend: string
}

export interface WorkerStore {
  report(report: WorkerReport): Promise<void>
  /** It has stopped, or is known to be dead. */
  remove(id: string): Promise<void>
  /** Of those that reported lately; so is the list. */
  summary(): Promise<WorkersSummary>
  list(page: ListPage): Promise<Page<Worker>>
  /** Forgets the others. */
  sweep(): Promise<void>
}

export interface FigureStore {
  /** Adds to sums that only grow. */
  add(increments: Partial<Pick<Figures, 'epochs' | 'trainingSeconds'>>): Promise<void>
  read(): Promise<Figures>
}

export interface NewKey {
  id: string
  tenantId: string
  /** Of its secret. */
  sha256: string
  scopes: Scope[]
  /** Null for a key without end. */
  days: number | null
}

/** A key as a request is checked by it. */
export interface KnownKey extends Pick<Key, 'id' | 'tenantId' | 'scopes'> {
  /** Of its secret. */
  sha256: string
  /** What its tenant has of its own limits. */
  ownLimits: OwnLimits
}

export interface KeyStore {
  /** Makes the tenant with its first key. Throws an Error when the tenant has as many live keys as it may have. */
  create(key: NewKey): Promise<Key>
  list(): Promise<Key[]>
  /** False when there is no such key, or it was revoked already. */
  revoke(id: string): Promise<boolean>
  /** Forgets a key that is revoked or has expired. */
  delete(id: string): Promise<boolean>
  /** A key that is neither revoked nor expired now. Shared by all who ask: not to be changed. */
  find(id: string): Promise<KnownKey | null>
  /** Those of the keys that still are neither revoked nor expired. */
  live(ids: string[]): Promise<string[]>
  /** Whether a key was ever made and not deleted, also one that no longer holds. */
  any(): Promise<boolean>
  anyLive(): Promise<boolean>
}

export interface TicketStore {
  /** Lasts 30 seconds, by the database's clock; says when it ends. Null when the job is gone. */
  create(ticket: { sha256: string; jobId: string; keyId: string | null }): Promise<Date | null>
  /** A ticket for the stream of any jobs of the key's tenant, or of `local` without a key. */
  createForAll(ticket: { sha256: string; keyId: string | null }): Promise<Date>
  /**
   * Uses it up; null when it is unknown, used, expired, for another job, or its key no longer holds. Without a job, the
   * ticket must be one of `createForAll`.
   */
  use(
    sha256: string,
    jobId: string | null,
  ): Promise<{ tenantId: string; keyId: string | null; ownLimits: OwnLimits } | null>
  /** Forgets those that were not used in time. */
  sweep(): Promise<void>
}

/** How fast a run went that nothing interrupted. */
export interface FinishedRun {
  steps: number
  flops: number
  threads: number
  /** From its claim to its end. */
  seconds: number
}

export interface FinishedRuns {
  /** Of all tenants: the newest that took long enough to be measured by. */
  newest(): Promise<FinishedRun[]>
}

/** What a training takes on a machine: for each step so many seconds, and more by its operations. */
export interface Speed {
  secondsPerStep: number
  /** Floating-point operations, on one thread. */
  flopsPerSecond: number
  /** Whether a training's threads share its work. */
  usesThreads: boolean
}

export interface Calibration {
  /** Measured when it is first asked for, off the event loop. */
  speed(): Promise<Speed>
  close(): Promise<void>
}

/** Wakes workers; what is to be done, they find in the database. */
export interface JobQueue {
  /** Jobs may be queued. */
  wake(): Promise<void>
  /** A transaction that queued jobs was committed. */
  afterCommit(): Promise<void>
  /** Workers connected now. Throws when the queue cannot be reached. */
  workers(): Promise<number>
  close(): Promise<void>
}

/** Where to ask a network: `size` raw values evenly along each axis. */
export type BoundaryView = Pick<Boundary, 'axes' | 'size'>

export interface BoundaryReader {
  /** Some frames behind that epoch, in order, and how far they reach; a position that stays says that there are no more now. */
  behind(job: Job, after: number, view: BoundaryView): Promise<{ frames: Boundary[]; position: number }>
}

export interface Painting extends BoundaryView {
  network: Network
  weights: { tensors: Tensor[]; bytes: Uint8Array }
  coding: Coding
}

/** Of a stored model, whose weights are read once for all who ask. */
export interface ModelPainting extends BoundaryView {
  model: Model
}

export type Painted = Pick<Boundary, 'outputs' | 'range' | 'values'>

export type TableOutcome =
  /** `unlabelled` rows had no value of a target. */
  | { type: 'evaluated'; evaluation: Evaluation; unlabelled: number }
  /** The rows do not fit the model. */
  | { type: 'refused'; code: DatasetError['code']; message: string }

export interface PredictorPool {
  /**
   * rows × features in, rows × outputs out; what takes the event loop no time is there at once, the rest is computed off it.
   * Tenants take turns. Throws Problem `not-found` when the model was deleted meanwhile.
   */
  predict(tenantId: string, model: Model, inputs: Float32Array): Float32Array | Promise<Float32Array>
  /** The model's answers to the labelled rows of a table. Throws Problem `not-found` when the model was deleted meanwhile. */
  evaluate(tenantId: string, model: Model, table: Table | GeneratedDataset): Promise<TableOutcome>
  /** Which rows of a table train and which validate; of its columns only that of the classes need be there. */
  split(rule: SplitRule, table: Table | GeneratedDataset): Promise<RowSplit>
  /** The outputs all over a grid. Rejects when they are not finite everywhere. */
  paint(painting: Painting | ModelPainting): Promise<Painted>
  close(): Promise<void>
}

/** Labelled rows as a table: of all features and targets, however many gaps they have. */
export interface Labelled {
  table: Table
  droppedRows: number
  warnings: DatasetWarning[]
}

/** Why rows are no table. */
export interface RefusedRows {
  refused: DatasetError['code']
  message: string
}

/** Rows of a request, by column name. */
export type NamedRows = readonly Readonly<Record<string, Cell>>[]

/** What requests bring or ask for that takes the event loop too long: computed in a thread, one after the other. */
export interface RequestThread {
  /** Columns and rows of a generated dataset. */
  describe(dataset: GeneratedDataset): Promise<Pick<Table, 'columns' | 'rows'>>
  /** Raw values of the rows of these ascending numbers. */
  rows(dataset: GeneratedDataset, numbers: readonly number[]): Promise<Cell[][]>
  /** The network of a normal form, with its weights. */
  construct(form: Construction['dnf']): Promise<ConstructedNetwork>
  prepare(rows: NamedRows, preparation: Preparation): Promise<Labelled | RefusedRows>
}

export type ConstructedNetwork = Omit<NewModel, 'id' | 'name' | 'evaluation' | 'weights'> & {
  weights: Uint8Array
}
