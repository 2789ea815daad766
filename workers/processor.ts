/** Claims jobs, trains them in a thread, stores their progress as it comes, and records their end. */
import type { Logger } from 'pino'
import type { ClaimedJob, FigureStore, JobProgress, Room, RunStore } from '../src/training/ports.js'
import type { TrainingOrder } from './messages.js'
import { RunRecord, storeWhole } from './run-record.js'
import { ThreadCrash, type TrainerPool } from './trainer-pool.js'
import { type OrderSources, TrainingOrders } from './training-orders.js'
import { WorkTally } from './work-tally.js'

const heartbeatMilliseconds = 1_000
/** Another worker may take the job that waits for threads, which nothing here would report. */
const waitMilliseconds = 1_000
/** Small jobs trained one after the other in a thread: few enough that others get their turn soon. */
const together = { jobs: 128, seconds: 0.1 }

interface Dependencies extends OrderSources {
  workerId: string
  runs: RunStore
  pool: TrainerPool
  figures: Pick<FigureStore, 'add'>
  /** Threads that trainings may take together; one that wants more runs alone. */
  threads: number
  log: Logger
}

interface Run {
  job: ClaimedJob
  stop: Int32Array
}

/** Jobs that go to one thread. */
interface Batch {
  runs: Run[]
  /** None when it is trained and only remains to be stored. */
  threads: number
}

/** What `processNext` comes through. */
export interface Phases {
  /** Before the training: there may be more to claim. */
  onClaim(): void
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

  constructor(private readonly dependencies: Dependencies) {
    this.#heart = setInterval(() => {
      void this.#beat()
      void this.#addFigures()
    }, heartbeatMilliseconds)
  }

  /**
   * Trains the job whose turn it is, with the small ones that follow; false when there is nothing to train. Rejects only
   * when the database cannot be read or written; the jobs are then found silent and queued again.
   */
  async processNext({ onClaim, onTrained }: Partial<Phases> = {}): Promise<boolean> {
    const batch = await this.#claim()
    if (batch === null) return false
    onClaim?.()
    this.#tally.begin()
    const free = () => {
      if (batch.threads === 0) return
      batch.threads = 0
      this.#tally.end()
      for (const look of this.#waiting.splice(0)) look()
      onTrained?.()
    }
    try {
      await this.#train(batch, free)
    } finally {
      this.#batches.delete(batch)
      free()
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
    await this.#addFigures()
  }

  /** The jobs whose turn it is; waits while the first is wider than the free threads. */
  async #claim(): Promise<Batch | null> {
    while (!this.#stopping) {
      // One at a time, so that two claims do not count on the same free threads.
      const turn = this.#claiming.then(() => this.#claimWithinFreeThreads())
      this.#claiming = turn.catch(() => null)
      const claimed = await turn
      if (claimed !== null) return claimed
      if (!(await this.dependencies.runs.anyQueued())) return null
      await new Promise<void>((look) => {
        this.#waiting.push(look)
        setTimeout(look, waitMilliseconds).unref()
      })
    }
    return null
  }

  async #claimWithinFreeThreads(): Promise<Batch | null> {
    const { runs, workerId, threads } = this.dependencies
    const busy = [...this.#batches].reduce((sum, batch) => sum + batch.threads, 0)
    if (busy >= threads || this.#stopping) return null
    const room: Room = { free: threads - busy, all: threads, ...together }
    const jobs = await runs.claim(workerId, room)
    if (jobs.length === 0) return null
    const stops = new Int32Array(new SharedArrayBuffer(4 * jobs.length))
    const batch: Batch = {
      runs: jobs.map((job, index) => ({ job, stop: stops.subarray(index, index + 1) })),
      threads: Math.min(jobs[0].spec.threads, threads),
    }
    this.#batches.add(batch)
    // Nobody could ask these to stop before.
    if (this.#stopping) for (const run of batch.runs) requestStop(run)
    return batch
  }

  async #train(batch: Batch, free: () => void): Promise<void> {
    const { pool, runs, log } = this.dependencies
    const records = { runs, tally: this.#tally, log }
    const orders = new TrainingOrders(this.dependencies)
    const sent: TrainingOrder[] = []
    const active: { run: Run; record: RunRecord; isOver: boolean }[] = []
    try {
      for (const run of batch.runs) {
        this.#logRun(run.job, 'run begins')
        const record = new RunRecord(run.job, records)
        const order = await orders.add(run.job, run.stop)
        if ('code' in order) await record.conclude({ type: 'refused', ...order })
        else {
          sent.push(order)
          active.push({ run, record, isOver: false })
        }
      }
      if (sent.length === 0) return
      await pool.train(sent, {
        encoded: (index, data) => orders.encoded(index, data),
        fill: (index, what, places) => orders.fill(index, what, places),
        store: async (index, progress) => {
          const { record, run } = active[index]
          if (!(await record.store(progress))) requestStop(run)
        },
        storeWhole: async (trainings) => {
          await storeWhole(
            records,
            trainings.map((training) => ({ record: active[training.index].record, training })),
          )
          for (const { index } of trainings) this.#over(active[index], 'trained')
        },
        trained: free,
        ended: async (index, outcome) => {
          await active[index].record.conclude(outcome)
          this.#over(active[index], outcome.type)
        },
      })
    } catch (error) {
      orders.forget()
      log.error({ err: error, jobs: batch.runs.map(({ job }) => job.jobId) }, 'run failed')
      if (!(error instanceof ThreadCrash)) throw error
      for (const [index, { run, isOver }] of active.entries()) {
        if (isOver) continue
        if (index === error.underway) await runs.crash(run.job)
        else await runs.release(run.job)
      }
    } finally {
      orders.release()
    }
  }

  #over(active: { run: Run; isOver: boolean }, outcome: string): void {
    active.isOver = true
    this.#logRun(active.run.job, 'run ended', { outcome })
  }

  #logRun({ jobId, attempt, tenantId, requestId, traceId }: ClaimedJob, what: string, more = {}): void {
    const { log } = this.dependencies
    if (log.isLevelEnabled('info')) log.info({ jobId, attempt, tenantId, requestId, traceId, ...more }, what)
  }

  /** Adds what was done to the figures of all workers. */
  async #addFigures(): Promise<void> {
    const done = this.#tally.take()
    if (done === null) return
    try {
      await this.dependencies.figures.add(done)
    } catch (error) {
      this.#tally.giveBack(done)
      this.dependencies.log.warn({ err: error }, 'figures')
    }
  }

  /** Says that the running jobs are alive, and stops those that are no longer ours. */
  async #beat(): Promise<void> {
    const asked = [...this.#batches].flatMap(({ runs }) => runs)
    if (asked.length === 0) return
    const { runs, log } = this.dependencies
    try {
      const held = await runs.heartbeat(asked.map(({ job }) => ({ jobId: job.jobId, attempt: job.attempt })))
      const holds = new Map(held.map(({ jobId, attempt }) => [jobId, attempt]))
      for (const run of asked) if (holds.get(run.job.jobId) !== run.job.attempt) requestStop(run)
    } catch (error) {
      log.warn({ err: error }, 'heartbeat failed')
    }
  }
}

function requestStop({ stop }: Run): void {
  Atomics.store(stop, 0, 1)
}
