/** Claims jobs, trains them in a thread, and stores their progress and their end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { epochCount } from '../src/engine/index.js'
import type { Tracing } from '../src/tracing/tracing.js'
import type { JobProgress } from '../src/training/ports/jobs.js'
import type { Claim, Claimed, ClaimedJob, Progress, RunStore } from '../src/training/ports/runs.js'
import type { MetricStore } from '../src/training/ports/service-metrics.js'
import { type Batch, createBatch, expectEnd, type Run, requestStop } from './batch.js'
import { FoldMemory } from './fold-memory.js'
import type { TrainingOrder } from './messages.js'
import { Preemption } from './preemption.js'
import { Retries } from './retries.js'
import type { DatabaseTrouble } from './run-errors.js'
import { internalMessage, RunRecord, storeWhole } from './run-record.js'
import { RunTrace } from './run-trace.js'
import { ThreadAllocator } from './thread-allocator.js'
import { ThreadCrash, type TrainerPool } from './trainer-pool.js'
import { type OrderSources, TrainingOrders } from './training-orders.js'
import { WorkTally } from './work-tally.js'

const heartbeatMilliseconds = 1_000
/** Milliseconds between two checks of the spare thread whether an ordinary one is free. */
const leastWait = 10
/** Milliseconds between claims while a wide job waits for threads, because another worker may claim it. */
const waitMilliseconds = 1_000

interface Dependencies extends OrderSources {
  workerId: string
  runs: RunStore
  pool: TrainerPool
  serviceMetrics: Pick<MetricStore, 'add'>
  /** Threads of all trainings. A job with more runs alone. */
  threads: number
  databaseTrouble: DatabaseTrouble
  /** Milliseconds before a retry after the first and the second crash of a thread. */
  retryMilliseconds: readonly number[]
  /** Null records no spans. */
  tracing?: Tracing | null
  log: Logger
}

/** A job in a thread. */
interface Active {
  run: Run
  record: RunRecord
}

interface ClaimedBatch {
  batch: Batch
  /** Number of jobs that stay queued. */
  left: number
}

/** The phases of `processNext`. */
export interface Phases {
  /** Called before the training, with the number of jobs that stay queued. */
  onClaim(left: number): void
  /** Called when the thread is free. Results may not be stored yet. */
  onTrained(): void
}

export class Processor {
  readonly #batches = new Set<Batch>()
  #stopping = false
  #claiming: Promise<unknown> = Promise.resolve()
  /** The claims that wait for free threads. */
  readonly #waiting: (() => void)[] = []
  readonly #heart: NodeJS.Timeout
  readonly #preemption: Preemption
  readonly #tally = new WorkTally()
  readonly #threads: ThreadAllocator
  readonly #retries: Retries
  readonly #folds = new FoldMemory()

  constructor(private readonly dependencies: Dependencies) {
    this.#retries = new Retries(dependencies.runs, dependencies.log)
    this.#threads = new ThreadAllocator(dependencies.threads)
    this.#heart = setInterval(() => {
      this.#prepareSpareThread()
      void this.#beat()
      void this.#advanceClock()
      void this.#addMetrics()
    }, heartbeatMilliseconds)
    this.#preemption = new Preemption(this.#batches, this.#threads, dependencies)
  }

  /** Without the spare thread. */
  get busyThreads(): number {
    return this.dependencies.threads - this.#threads.free
  }

  /**
   * Claims and trains the next job, or a batch of small ones. False if there is nothing to train. Rejects only if the
   * claim fails.
   */
  async processNext(phases: Partial<Phases> = {}): Promise<boolean> {
    return this.#process(await this.#claim(), phases)
  }

  /**
   * While all threads are busy: claims and trains small jobs of tenants that run none, on the spare thread. Waits while an
   * ordinary thread is about to become free. False if there is nothing to train, or an ordinary thread is free.
   * Call it again when the promise is resolved.
   */
  async processSpare({ onClaim }: Pick<Phases, 'onClaim'>): Promise<boolean> {
    return this.#process(await this.#claimSpare(), { onClaim })
  }

  async #process(claimed: ClaimedBatch | null, { onClaim, onTrained }: Partial<Phases>): Promise<boolean> {
    if (claimed === null) return false
    const { batch, left } = claimed
    onClaim?.(left)
    this.#tally.begin()
    const free = () => {
      if (batch.holder.threads === 0) return
      batch.holder.threads = 0
      this.#tally.end()
      for (const resume of this.#waiting.splice(0)) resume()
      onTrained?.()
    }
    try {
      await this.#train(batch, free)
    } finally {
      this.#batches.delete(batch)
      free()
      this.#threads.release(batch.holder)
    }
    return true
  }

  /** After a hint that a job is no longer running: renews the claims, and stops the runs that lost theirs. */
  notice({ jobId, status }: JobProgress): void {
    if (status === 'running' || status === 'succeeded') return
    for (const { runs } of this.#batches) if (runs.some(({ job }) => job.jobId === jobId)) void this.#beat()
  }

  /** Claims no more jobs, and releases the running ones. Each `processNext` then resolves. */
  stop(): void {
    this.#stopping = true
    for (const { runs } of this.#batches) for (const run of runs) requestStop(run)
    for (const resume of this.#waiting.splice(0)) resume()
  }

  async close(): Promise<void> {
    clearInterval(this.#heart)
    this.#preemption.close()
    await this.#retries.close()
    await this.#addMetrics()
  }

  /** Claims jobs. Waits while the first has more threads than are free. */
  async #claim(): Promise<ClaimedBatch | null> {
    while (!this.#stopping) {
      const { batch, left } = await this.#inTurn(() => this.#claimWithinFreeThreads())
      if (batch !== null) return { batch, left }
      if (left === 0) return null
      await new Promise<void>((resume) => {
        this.#waiting.push(resume)
        setTimeout(resume, waitMilliseconds).unref()
      })
    }
    return null
  }

  async #claimSpare(): Promise<ClaimedBatch | null> {
    for (;;) {
      const wait = this.#threads.spareIn
      if (wait === null || this.#stopping) return null
      if (wait === 0) break
      await sleep(Math.max(leastWait, 1_000 * wait))
    }
    const { batch, left } = await this.#inTurn(() => this.#claimOnSpare())
    return batch === null ? null : { batch, left }
  }

  /** One claim at a time, so that two do not count the same free threads. */
  #inTurn<T>(claim: () => Promise<T>): Promise<T> {
    const turn = this.#claiming.then(claim)
    this.#claiming = turn.catch(() => null)
    return turn
  }

  /** `left` is not 0 if more jobs may be queued. */
  async #claimWithinFreeThreads(): Promise<{ batch: Batch | null; left: number }> {
    const { runs, workerId } = this.dependencies
    if (this.#threads.free === 0 || this.#stopping) return { batch: null, left: 1 }
    const claimed = await runs.claim(workerId, this.#threads.capacity())
    this.#threads.reserve(claimed.waiting)
    return this.#takeUp(claimed, false)
  }

  async #claimOnSpare(): Promise<{ batch: Batch | null; left: number }> {
    const { runs, workerId } = this.dependencies
    if (this.#threads.spareIn !== 0 || this.#stopping) return { batch: null, left: 0 }
    return this.#takeUp(await runs.claimSpare(workerId, this.#threads.spareCapacity()), true)
  }

  async #takeUp({ jobs, left, unreadable }: Claimed, isSpare: boolean) {
    for (const { claim, error } of unreadable) await this.#refuseUnreadable(claim, error)
    if (jobs.length === 0) return { batch: null, left }
    const orders = new TrainingOrders(this.dependencies, this.#folds)
    const batch = createBatch(jobs, this.#threads.take(jobs, isSpare), orders)
    this.#batches.add(batch)
    // A stop before this line did not see these runs.
    if (this.#stopping) for (const run of batch.runs) requestStop(run)
    return { batch, left }
  }

  /** This release cannot read the stored job. */
  async #refuseUnreadable(claim: Claim, error: unknown): Promise<void> {
    const { runs, log } = this.dependencies
    log.error({ err: error, jobId: claim.jobId }, 'a job cannot be read')
    await runs.fail(claim, { code: 'internal', message: internalMessage, epoch: null })
  }

  async #train(batch: Batch, free: () => void): Promise<void> {
    const { pool, tracing = null, workerId } = this.dependencies
    const records = { ...this.dependencies, tally: this.#tally, retries: this.#retries }
    const { holder, orders } = batch
    const sent: TrainingOrder[] = []
    const active: Active[] = []
    try {
      for (const run of batch.runs) {
        const trace = RunTrace.begin(tracing, run.job, workerId)
        const record = new RunRecord(run.job, records, trace)
        this.#logRun(record, 'run begins')
        await record.guard(async () => {
          const order = await orders.add(run.job, run.stop)
          if ('code' in order) return record.conclude({ type: 'refused', ...order })
          record.begin()
          if (typeof order.data === 'object' && order.data.type === 'shared')
            holder.encodedAt = performance.now()
          sent.push(order)
          active.push({ run, record })
        })
      }
      if (sent.length === 0) return
      for (const { record } of active) record.trace?.enterThread(sent.length)
      await pool.train(sent, {
        encoded: (index, data) => {
          orders.encoded(index, data)
          holder.encodedAt = performance.now()
        },
        begun: () => {
          holder.begunAt ??= performance.now()
        },
        fold: (index, result) => orders.fold(index, result),
        fill: (index, what, buffers) => orders.fill(index, what, buffers),
        store: async (index, progress) => {
          const { record, run } = active[index]
          this.#learn(run.job, progress)
          expectEnd(holder, run.job, progress)
          if (record.isOver || !(await record.guard(() => record.store(progress)))) requestStop(run)
        },
        storeWhole: async (trainings) => {
          for (const { index, progress } of trainings) this.#learn(active[index].run.job, progress)
          await storeWhole(
            records,
            trainings.map((training) => ({ record: active[training.index].record, training })),
          )
          for (const { index } of trainings) this.#over(active[index], 'trained')
        },
        trained: free,
        ended: async (index, outcome) => {
          const { record, run } = active[index]
          if (outcome.type !== 'stopped') this.#folds.forget(run.job.jobId)
          await record.guard(() => record.conclude(outcome, run.reason))
          this.#over(active[index], outcome.type)
        },
      })
    } catch (error) {
      orders.forget()
      for (const [index, { record }] of active.entries()) {
        const isOfAnother = error instanceof ThreadCrash && index !== error.underway
        await (isOfAnother ? record.guard(() => record.interrupt()) : record.endBy(error))
      }
    } finally {
      orders.release()
    }
  }

  /** Updates the time scale of this machine from the last training. */
  #learn({ epochs, storedEpoch, estimatedSeconds }: ClaimedJob, { epochs: done, seconds }: Done): void {
    if (epochs > storedEpoch)
      this.#threads.learn((estimatedSeconds * epochCount(done)) / (epochs - storedEpoch), seconds)
  }

  #over({ record }: Active, outcome: string): void {
    this.#logRun(record, 'run ended', { outcome })
  }

  #logRun({ job, trace }: Pick<RunRecord, 'job' | 'trace'>, what: string, more = {}): void {
    const { log } = this.dependencies
    if (!log.isLevelEnabled('info')) return
    const { jobId, attempt, tenantId, requestId, traceId } = job
    const spanId = trace && { spanId: trace.spanId }
    log.info({ jobId, attempt, tenantId, requestId, traceId, ...spanId, ...more }, what)
  }

  /** Starts it in advance while all others are busy, so that the first small job does not wait for it. */
  #prepareSpareThread(): void {
    if (this.#threads.free > 0) return
    const ordinary = [...this.#batches].filter(({ holder }) => holder.threads > 0 && !holder.isSpare)
    this.dependencies.pool.startThreads(ordinary.length + 1)
  }

  /** Adds the work to the metrics of all workers. */
  async #addMetrics(): Promise<void> {
    const done = this.#tally.take()
    if (done === null) return
    try {
      await this.dependencies.serviceMetrics.add(done)
    } catch (error) {
      this.#tally.giveBack(done)
      this.dependencies.log.warn({ err: error }, 'service metrics')
    }
  }

  async #advanceClock(): Promise<void> {
    const { runs, log } = this.dependencies
    if (this.#batches.size === 0) return
    try {
      await runs.advanceClock()
    } catch (error) {
      log.warn({ err: error }, "the queue's clock could not be advanced")
    }
  }

  /** Renews the claims of the running jobs, and stops the runs that lost theirs. */
  async #beat(): Promise<void> {
    const active = [...this.#batches].flatMap(({ runs }) => runs)
    const claims = [...active.map(({ job }) => job), ...this.#retries.claims]
    if (claims.length === 0) return
    const { runs, log } = this.dependencies
    try {
      const held = await runs.heartbeat(claims.map(({ jobId, attempt }) => ({ jobId, attempt })))
      const holds = new Map(held.map(({ jobId, attempt }) => [jobId, attempt]))
      for (const run of active) if (holds.get(run.job.jobId) !== run.job.attempt) requestStop(run)
    } catch (error) {
      log.warn({ err: error }, 'heartbeat failed')
    }
  }
}

type Done = Pick<Progress, 'epochs' | 'seconds'>
