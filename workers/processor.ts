/** From a ticket to an ended job: claim one, train it in a thread, store its progress as it comes, record its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Coding } from '../src/contract/dataset.js'
import type { JobSpec } from '../src/contract/job.js'
import type { Inheritance } from '../src/datasets/inherited-coding.js'
import { countOf, epochsBehind, outputShape } from '../src/engine/index.js'
import { newId } from '../src/training/new-id.js'
import type {
  AllModels,
  Claim,
  ClaimedJob,
  FigureStore,
  JobProgress,
  RunStore,
} from '../src/training/ports.js'
import type { BackendSetting, RawData, TrainedModel, TrainingOrder } from './messages.js'
import type { SharedDatasets } from './shared-datasets.js'
import type { StoredTables } from './stored-tables.js'
import { type Outcome, ThreadCrash, type TrainerPool } from './trainer-pool.js'
import { WorkTally } from './work-tally.js'

const heartbeatMilliseconds = 1_000
/** A database that is away for longer costs the running jobs their claims. */
const outageMilliseconds = 30_000
const retryMilliseconds = 250
/** Another worker may take the job that waits for threads, which nothing here would tell. */
const waitMilliseconds = 1_000

interface Dependencies {
  workerId: string
  runs: RunStore
  storedTables: StoredTables
  models: Pick<AllModels, 'get' | 'weights'>
  pool: TrainerPool
  figures: Pick<FigureStore, 'add'>
  sharedDatasets: SharedDatasets
  checkpointMilliseconds: number
  backend: BackendSetting
  /** Threads that trainings may take together; one that wants more runs alone. */
  threads: number
  log: Logger
}

interface Run {
  claim: Claim
  threads: number
  stop: Int32Array
}

export class Processor {
  private readonly running = new Set<Run>()
  private stopping = false
  private claiming: Promise<unknown> = Promise.resolve()
  /** Tickets in hand whose job waits for threads. */
  private readonly waiting: (() => void)[] = []
  private readonly heart: NodeJS.Timeout
  private readonly tally = new WorkTally()

  constructor(private readonly dependencies: Dependencies) {
    this.heart = setInterval(() => {
      void this.beat()
      void this.tellFigures()
    }, heartbeatMilliseconds)
  }

  /**
   * Trains the job whose turn it is, if there is one. Rejects only when the database cannot be read or written; the
   * job is then found silent and queued again.
   */
  async processNext(): Promise<void> {
    if (this.stopping) return
    const { runs, log } = this.dependencies
    const claimed = await this.claim()
    if (claimed === null) return
    const { job, run } = claimed
    const { jobId, attempt, tenantId, requestId, traceId } = job
    const jobLog = log.child({ jobId, attempt, tenantId, requestId, traceId })
    jobLog.info('run begins')
    if (this.stopping) requestStop(run)
    this.tally.begin()
    try {
      const outcome = await this.train(job, run)
      await this.conclude(run.claim, job, outcome)
      jobLog.info({ outcome: outcome.type }, 'run ended')
    } catch (error) {
      jobLog.error({ err: error }, 'run failed')
      if (!(error instanceof ThreadCrash)) throw error
      await runs.crash(run.claim)
    } finally {
      this.tally.end()
      this.running.delete(run)
      for (const look of this.waiting.splice(0)) look()
    }
  }

  /** The job whose turn it is; waits while it is wider than the free threads. */
  private async claim(): Promise<{ job: ClaimedJob; run: Run } | null> {
    while (!this.stopping) {
      // One at a time, so that two claims do not count on the same free threads.
      const turn = this.claiming.then(() => this.claimWithinFreeThreads())
      this.claiming = turn.catch(() => null)
      const claimed = await turn
      if (claimed !== null) return claimed
      if (!(await this.dependencies.runs.anyQueued())) return null
      await new Promise<void>((look) => {
        this.waiting.push(look)
        setTimeout(look, waitMilliseconds).unref()
      })
    }
    return null
  }

  private async claimWithinFreeThreads(): Promise<{ job: ClaimedJob; run: Run } | null> {
    const { runs, workerId, threads } = this.dependencies
    const busy = [...this.running].reduce((sum, run) => sum + run.threads, 0)
    if (busy >= threads || this.stopping) return null
    const job = await runs.claimNext(workerId, { free: threads - busy, all: threads })
    if (job === null) return null
    const { jobId, attempt, spec } = job
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const run: Run = { claim: { jobId, attempt }, threads: Math.min(spec.threads, threads), stop }
    this.running.add(run)
    return { job, run }
  }

  /** A hint that a job is no longer running: looks at once which claims still hold. */
  notice({ jobId, status }: JobProgress): void {
    if (status === 'running') return
    for (const { claim } of this.running) if (claim.jobId === jobId) void this.beat()
  }

  /** Takes no more jobs and hands the running ones back; each `processNext` under way then resolves. */
  stop(): void {
    this.stopping = true
    for (const run of this.running) requestStop(run)
    for (const look of this.waiting.splice(0)) look()
  }

  async close(): Promise<void> {
    clearInterval(this.heart)
    await this.tellFigures()
  }

  /** Adds what was done to the figures of all workers. */
  private async tellFigures(): Promise<void> {
    const done = this.tally.take()
    if (done === null) return
    try {
      await this.dependencies.figures.add(done)
    } catch (error) {
      this.tally.giveBack(done)
      this.dependencies.log.warn({ err: error }, 'figures')
    }
  }

  private async train(job: ClaimedJob, run: Run): Promise<Outcome> {
    const { runs, pool, sharedDatasets, checkpointMilliseconds, backend, log } = this.dependencies
    const key = dataKey(job)
    const taken = await sharedDatasets.take(key)
    try {
      const source = await this.loadSource(job)
      if (source === null)
        return { type: 'refused', message: `The model ${job.spec.from} to start from no longer exists.` }
      const { initialWeights, sourceCoding } = source
      const hasFolds = job.spec.earlyStopping?.folds !== undefined
      const raw = taken.type === 'shared' && !hasFolds ? null : await this.load(job, sourceCoding)
      const data = taken.type === 'shared' ? taken.data : raw
      if (data === null || (hasFolds && raw === null))
        return { type: 'refused', message: 'The dataset of this job no longer exists.' }
      const checkpoint = await runs.checkpoint(job.jobId, (message) => log.warn(message))
      const { spec, changes } = job
      const order = {
        backend,
        spec,
        changes,
        data,
        foldData: hasFolds ? raw : null,
        plannedEpochs: hasFolds && job.storedEpoch > 0 ? job.epochs : null,
        initialWeights,
        sourceCoding,
        checkpoint,
        checkpointMilliseconds,
        stop: run.stop,
      }
      let stored = job.storedEpoch
      return await pool.train(order, {
        store: async ({ epochs, seconds, checkpoint, snapshots, ...how }) => {
          // An earlier attempt may have stored the first of them; the same seed gives the same values again.
          const fresh = epochsBehind(epochs, stored)
          const kept = checkpoint !== null && checkpoint.epoch >= stored ? checkpoint : null
          if (countOf(fresh) === 0 && kept === null) return
          // Their time was counted then, too.
          const share = countOf(epochs) === 0 ? 1 : countOf(fresh) / countOf(epochs)
          const progress = {
            ...how,
            epochs: fresh,
            seconds: share * seconds,
            checkpoint: kept,
            snapshots,
          }
          if (await this.persist(() => runs.record(run.claim, progress))) {
            stored = fresh.firstEpoch + countOf(fresh) - 1
            this.tally.addEpochs(countOf(fresh))
          } else {
            requestStop(run)
          }
        },
        encoded: (encoded) => {
          if (taken.type === 'encode') taken.publish(encoded)
        },
      })
    } catch (error) {
      sharedDatasets.forget(key)
      throw error
    } finally {
      if (taken.type === 'encode') taken.abandon()
      sharedDatasets.makeRoom()
    }
  }

  /** Null when there is no such model any more. */
  private async loadSource({
    spec: { from, fromMismatch },
  }: ClaimedJob): Promise<Pick<TrainingOrder, 'initialWeights' | 'sourceCoding'> | null> {
    if (from === undefined) return { initialWeights: null, sourceCoding: null }
    const { models } = this.dependencies
    const [initialWeights, model] = await Promise.all([models.weights(from), models.get(from)])
    if (initialWeights === null || model === null) return null
    return { initialWeights, sourceCoding: fromMismatch === undefined ? null : model.coding }
  }

  private async load(
    { spec, datasetId, validationDatasetId }: ClaimedJob,
    sourceCoding: Coding | null,
  ): Promise<RawData | null> {
    const { storedTables } = this.dependencies
    const { dataset, validationDataset } = spec
    const [training, validation] = await Promise.all([
      storedTables.take(dataset, datasetId),
      validationDataset === undefined ? null : storedTables.take(validationDataset, validationDatasetId),
    ])
    if (training === null || (validationDataset !== undefined && validation === null)) return null
    const { table, image } = training
    const inheritance = sourceCoding === null ? null : inheritanceOf(spec, sourceCoding)
    return { type: 'raw', training: table, validation: validation?.table ?? null, image, inheritance }
  }

  private async conclude(claim: Claim, job: ClaimedJob, outcome: Outcome): Promise<void> {
    const { runs } = this.dependencies
    switch (outcome.type) {
      case 'trained':
        await this.persist(() => runs.succeed(claim, modelOf(job, outcome.model), outcome.model.bestEpoch))
        break
      case 'diverged': {
        const message = `The loss became NaN or infinite in epoch ${outcome.epoch}. A smaller learning rate may help.`
        await this.persist(() => runs.fail(claim, { code: 'diverged', message, epoch: outcome.epoch }))
        break
      }
      case 'refused':
        await this.persist(() =>
          runs.fail(claim, { code: 'invalid-dataset', message: outcome.message, epoch: null }),
        )
        break
      case 'stopped':
        // After a pause or a cancellation the claim no longer holds, and this changes nothing.
        await this.persist(() => runs.release(claim))
        break
      default:
        outcome satisfies never
    }
  }

  /**
   * Writes again while the database is away: that is no fault of the job. A write whose answer was lost but which
   * took effect finds the claim moved on, and says false.
   */
  private async persist(write: () => Promise<boolean>): Promise<boolean> {
    const deadline = Date.now() + outageMilliseconds
    for (;;) {
      try {
        return await write()
      } catch (error) {
        if (Date.now() > deadline) throw error
        this.dependencies.log.warn({ err: error }, 'the database does not take a write; trying again')
        await sleep(retryMilliseconds)
      }
    }
  }

  /** Says that the running jobs are alive, and stops those that are no longer ours. */
  private async beat(): Promise<void> {
    if (this.running.size === 0) return
    const { runs, log } = this.dependencies
    try {
      const asked = [...this.running]
      const held = await runs.heartbeat(asked.map((run) => run.claim))
      for (const run of asked) {
        const { jobId, attempt } = run.claim
        if (!held.some((claim) => claim.jobId === jobId && claim.attempt === attempt)) requestStop(run)
      }
    } catch (error) {
      log.warn({ err: error }, 'heartbeat failed')
    }
  }
}

function requestStop(run: Run): void {
  Atomics.store(run.stop, 0, 1)
}

function inheritanceOf({ inherited = [] }: JobSpec, coding: Coding): Inheritance {
  return {
    coding,
    scaling: inherited.includes('scaling'),
    targetScaling: inherited.includes('targetScaling'),
  }
}

/** Jobs with the same key train on the same numbers. */
function dataKey({ spec }: ClaimedJob): string {
  const { dataset, validationDataset, scaling, targetScaling, loss, network, classWeight, sampleWeight } =
    spec
  const shape = outputShape(network, network.inputShape ?? [])
  const split = spec.validationSplit === 0 ? null : [spec.split, spec.validationSplit, spec.seed]
  const weights = [classWeight ?? null, sampleWeight ?? null]
  const scales = [
    scaling,
    targetScaling,
    spec.fromMismatch === undefined ? null : [spec.from, spec.inherited],
  ]
  return JSON.stringify([dataset, validationDataset ?? null, split, scales, weights, loss, shape])
}

function modelOf(job: ClaimedJob, { layers, coding, parameters, weights, evaluation }: TrainedModel) {
  return {
    id: newId('model'),
    name: null,
    network: job.spec.network,
    loss: job.spec.loss,
    layers,
    coding,
    parameters,
    tensors: weights.tensors,
    weights: weights.bytes,
    evaluation,
  }
}
