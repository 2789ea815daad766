/** Claims jobs, trains them in a thread, stores their progress as it comes, and records their end. */
import type { Logger } from 'pino'
import { epochCount } from '../src/engine/index.js'
import type { JobProgress } from '../src/training/ports/jobs.js'
import type { Claim, ClaimedJob, Progress, RunStore } from '../src/training/ports/runs.js'
import type { MetricStore } from '../src/training/ports/service-metrics.js'
import type { TrainingOrder } from './messages.js'
import { Retries } from './retries.js'
import type { DatabaseTrouble } from './run-errors.js'
import { internalMessage, RunRecord, storeWhole } from './run-record.js'
import { type Holder, ThreadAllocator } from './thread-allocator.js'
import { ThreadCrash, type TrainerPool } from './trainer-pool.js'
import { type OrderSources, TrainingOrders } from './training-orders.js'
import { WorkTally } from './work-counter.js'

const heartbeatMilliseconds = 1_000
/** Another worker may take the job that waits for threads, which nothing here would report. */
const waitMilliseconds = 1_000

interface Dependencies extends OrderSources {
  workerId: string
  runs: RunStore
  pool: TrainerPool
  serviceMetrics: Pick<MetricStore, 'add'>
  /** Threads of all trainings together. A job with more runs alone. */
  threads: number
  databaseTrouble: DatabaseTrouble
  /** Before a job whose thread died is queued again, the first time, the second. */
  retryMilliseconds: readonly number[]
  log: Logger
}

interface Run {
  job: ClaimedJob
  stop: Int32Array
}

/** A job that was sent to a thread. */
interface Active {
  run: Run
  record: RunRecord
}

/** Jobs that go to one thread. */
interface Batch {
  runs: Run[]
  holder: Holder
}

/** The phases of `processNext`. */
export interface Phases {
  /** Before the training; says how many jobs stay queued. */
  onClaim(left: number): void
  /** The thread is free, though not everything is stored yet. */
  onTrained(): void
}

export class Processor {
  readonly #batches = new Set<Batch>()
  #stopping = false
  #claiming: Promise<unknown> = Promise.resolve()
  /** Of those who wait for free threads. */
  readonly #waiting: (() => void)[] = []
  readonly #heart: NodeJS.Timeout
  readonly #tally = new WorkTally()
  readonly #threads: ThreadAllocator
  readonly #retries: Retries

  constructor(private readonly dependencies: Dependencies) {
    this.#retries = new Retries(dependencies.runs, dependencies.log)
    this.#threads = new ThreadAllocator(dependencies.threads)
    this.#heart = setInterval(() => {
      void this.#beat()
      void this.#addFigures()
    }, heartbeatMilliseconds)
  }

  get busyThreads(): number {
    return this.dependencies.threads - this.#threads.free
  }

  /**
   * Trains the job whose turn it is, with the small ones that follow; false when there is nothing to train. Rejects only
   * when nothing can be claimed.
   */
  async processNext({ onClaim, onTrained }: Partial<Phases> = {}): Promise<boolean> {
    const claimed = await this.#claim()
    if (claimed === null) return false
    const { batch, left } = claimed
    onClaim?.(left)
    this.#tally.begin()
    const free = () => {
      if (batch.holder.threads === 0) return
      batch.holder.threads = 0
      this.#tally.end()
      for (const look of this.#waiting.splice(0)) look()
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

  /** A hint that a job is no longer running: asks at once which claims still hold. */
  notice({ jobId, status }: JobProgress): void {
    if (status === 'running' || status === 'succeeded') return
    for (const { runs } of this.#batches) if (runs.some(({ job }) => job.jobId === jobId)) void this.#beat()
  }

  /** Takes no more jobs and hands the running ones back; each `processNext` under way then resolves. */
  stop(): void {
    this.#stopping = true
    for (const { runs } of this.#batches) for (const run of runs) requestStop(run)
    for (const look of this.#waiting.splice(0)) look()
  }

  async close(): Promise<void> {
    clearInterval(this.#heart)
    await this.#retries.close()
    await this.#addFigures()
  }

  /** The jobs whose turn it is; waits while the first is wider than the free threads. */
  async #claim(): Promise<{ batch: Batch; left: number } | null> {
    while (!this.#stopping) {
      // One at a time, so that two claims do not count on the same free threads.
      const turn = this.#claiming.then(() => this.#claimWithinFreeThreads())
      this.#claiming = turn.catch(() => null)
      const { batch, left } = await turn
      if (batch !== null) return { batch, left }
      if (left === 0) return null
      await new Promise<void>((look) => {
        this.#waiting.push(look)
        setTimeout(look, waitMilliseconds).unref()
      })
    }
    return null
  }

  /** `left` is not 0 where there may be more. */
  async #claimWithinFreeThreads(): Promise<{ batch: Batch | null; left: number }> {
    const { runs, workerId } = this.dependencies
    if (this.#threads.free === 0 || this.#stopping) return { batch: null, left: 1 }
    const { jobs, left, waiting, unreadable } = await runs.claim(workerId, this.#threads.capacity())
    for (const { claim, error } of unreadable) await this.#refuseUnreadable(claim, error)
    this.#threads.reserve(waiting)
    if (jobs.length === 0) return { batch: null, left }
    const stops = new Int32Array(new SharedArrayBuffer(4 * jobs.length))
    const batch: Batch = {
      runs: jobs.map((job, index) => ({ job, stop: stops.subarray(index, index + 1) })),
      holder: this.#threads.take(jobs),
    }
    this.#batches.add(batch)
    // Nobody could ask these to stop before.
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
    const { pool } = this.dependencies
    const records = { ...this.dependencies, tally: this.#tally, retries: this.#retries }
    const orders = new TrainingOrders(this.dependencies)
    const sent: TrainingOrder[] = []
    const active: Active[] = []
    try {
      for (const run of batch.runs) {
        this.#logRun(run.job, 'run begins')
        const record = new RunRecord(run.job, records)
        await record.guard(async () => {
          const order = await orders.add(run.job, run.stop)
          if ('code' in order) return record.conclude({ type: 'refused', ...order })
          sent.push(order)
          active.push({ run, record })
        })
      }
      if (sent.length === 0) return
      await pool.train(sent, {
        encoded: (index, data) => orders.encoded(index, data),
        fill: (index, what, places) => orders.fill(index, what, places),
        store: async (index, progress) => {
          const { record, run } = active[index]
          this.#learn(run.job, progress)
          expectEnd(batch.holder, run.job, progress)
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
          const { record } = active[index]
          await record.guard(() => record.conclude(outcome))
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

  /** Updates the speed of this machine from the last training. */
  #learn({ epochs, storedEpoch, estimatedSeconds }: ClaimedJob, { epochs: done, seconds }: Done): void {
    if (epochs > storedEpoch)
      this.#threads.learn((estimatedSeconds * epochCount(done)) / (epochs - storedEpoch), seconds)
  }

  #over({ run }: Active, outcome: string): void {
    this.#logRun(run.job, 'run ended', { outcome })
  }

  #logRun({ jobId, attempt, tenantId, requestId, traceId }: ClaimedJob, what: string, more = {}): void {
    const { log } = this.dependencies
    if (log.isLevelEnabled('info')) log.info({ jobId, attempt, tenantId, requestId, traceId, ...more }, what)
  }

  /** Adds the work to the metrics of all workers. */
  async #addFigures(): Promise<void> {
    const done = this.#tally.take()
    if (done === null) return
    try {
      await this.dependencies.serviceMetrics.add(done)
    } catch (error) {
      this.#tally.giveBack(done)
      this.dependencies.log.warn({ err: error }, 'service metrics')
    }
  }

  /** Sends the heartbeats of the running jobs, and stops those whose claims no longer hold. */
  async #beat(): Promise<void> {
    const asked = [...this.#batches].flatMap(({ runs }) => runs)
    const claims = [...asked.map(({ job }) => job), ...this.#retries.claims]
    if (claims.length === 0) return
    const { runs, log } = this.dependencies
    try {
      const held = await runs.heartbeat(claims.map(({ jobId, attempt }) => ({ jobId, attempt })))
      const holds = new Map(held.map(({ jobId, attempt }) => [jobId, attempt]))
      for (const run of asked) if (holds.get(run.job.jobId) !== run.job.attempt) requestStop(run)
    } catch (error) {
      log.warn({ err: error }, 'heartbeat failed')
    }
  }
}

type Done = Pick<Progress, 'epochs' | 'seconds'>

/** The rest of the epochs at the pace of these; unknown between the ends of two. */
function expectEnd(holder: Holder, { epochs }: ClaimedJob, { epochs: done, seconds }: Done): void {
  const count = epochCount(done)
  if (count === 0) return
  const left = Math.max(0, epochs - (done.firstEpoch + count - 1))
  holder.expectedEnd = performance.now() + (1_000 * left * seconds) / count
}

function requestStop({ stop }: Run): void {
  Atomics.store(stop, 0, 1)
}
