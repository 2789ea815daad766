/** Stores the reports of trainings under the claims of their jobs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ReleaseReason } from '../src/contract/job-event.js'
import { metricsPerEpoch } from '../src/contract/packed-epochs.js'
import { epochCount, epochsAfter } from '../src/engine/index.js'
import { newId } from '../src/training/new-id.js'
import type { NewModel } from '../src/training/ports/models.js'
import type { ClaimedJob, Progress, RunStore, Success } from '../src/training/ports/runs.js'
import type { WeightSnapshots } from '../src/training/ports/snapshots.js'
import type { Outcome, TrainedModel, WholeTraining } from './messages.js'
import type { Retries } from './retries.js'
import { classifyError, type DatabaseTrouble, type ErrorClass } from './run-errors.js'
import type { RunTrace } from './run-trace.js'
import type { WorkTally } from './work-tally.js'

/** Milliseconds of retries while the database is unreachable. Then the running jobs lose their claims. */
const outageMilliseconds = 30_000
const firstPauseMilliseconds = 250
const longestPauseMilliseconds = 4_000

type Backend = Pick<Progress, 'backend' | 'backendDetail'>

interface RunRecords {
  runs: RunStore
  tally: WorkTally
  log: Pick<Logger, 'warn' | 'error'>
  databaseTrouble: DatabaseTrouble
  retries: Retries
  /** Milliseconds before a retry after the first and the second crash of a thread. */
  retryMilliseconds: readonly number[]
}

/** Without details, because answers do not reveal internals. */
export const internalMessage =
  'The service failed while it trained this job. Its log has the details under the id of the job.'

/** The record of one run. */
export class RunRecord {
  /** Whether the end is recorded, or cannot be recorded. */
  isOver = false
  /** Epochs up to this one are stored. */
  #stored: number

  constructor(
    readonly job: ClaimedJob,
    private readonly records: RunRecords,
    /** Null if the run is not recorded. */
    readonly trace: RunTrace | null = null,
  ) {
    this.#stored = job.storedEpoch
  }

  /** For a fork that continues from a checkpoint of the other job. */
  begin(): void {
    this.#stored = this.job.storedEpoch
  }

  /** Stores progress. False if the claim is no longer valid. */
  async store({ epochs, seconds, checkpoint, snapshots, statistics, ...how }: Progress): Promise<boolean> {
    if (!(await this.#repeats(epochs, how))) return false
    // An earlier attempt may have stored the first epochs. The same seed gives the same values.
    const fresh = epochsAfter(epochs, this.#stored)
    const kept = checkpoint !== null && checkpoint.epoch >= this.#stored ? checkpoint : null
    if (epochCount(fresh) === 0 && kept === null) return true
    // Their time is already counted as well.
    const share = epochCount(epochs) === 0 ? 1 : epochCount(fresh) / epochCount(epochs)
    const progress = {
      ...how,
      epochs: fresh,
      seconds: share * seconds,
      checkpoint: kept,
      snapshots: snapshots === null ? null : this.#unstored(snapshots),
      statistics: statistics?.filter(({ epoch }) => epoch > this.#stored),
    }
    const { runs, tally } = this.records
    if (!(await persist(this.records, () => runs.record(this.job, progress)))) return false
    this.trace?.report({ ...progress, epochs: fresh })
    this.#stored = fresh.firstEpoch + epochCount(fresh) - 1
    tally.addEpochs(epochCount(fresh))
    return true
  }

  /** Whether the epochs of a fork equal those of the other job. Otherwise the run fails. */
  async #repeats(epochs: Progress['epochs'], { backend, backendDetail }: Backend): Promise<boolean> {
    const { fork } = this.job
    if (fork === null || epochs.firstEpoch > fork.epoch) return true
    const metrics = epochs.metrics.subarray(0, (fork.epoch - epochs.firstEpoch + 1) * metricsPerEpoch)
    const { runs } = this.records
    const epoch = await persist(this.records, () => runs.findDifference(fork.jobId, { ...epochs, metrics }))
    if (epoch === null) return true
    const how = backendDetail === null ? backend : `${backend} (${backendDetail})`
    const message = `Epoch ${epoch} differs from that of job ${fork.jobId}, which it repeats, on the backend ${how}. Train the spec anew instead.`
    await this.conclude({ type: 'refused', code: 'integrity', message })
    return false
  }

  /** A training that is continued in another thread takes the snapshot of its last epoch again. */
  #unstored(snapshots: WeightSnapshots): WeightSnapshots {
    const stored = this.#stored
    if (stored === 0) return snapshots
    return { ...snapshots, taken: snapshots.taken.filter(({ epoch }) => epoch > stored) }
  }

  /** Returns the result of `work`, or ends the run and returns null if it throws. */
  async guard<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      await this.endBy(error)
      return null
    }
  }

  /** Ends the run by the class of the error. If that cannot be stored, the reconciler releases the job. */
  async endBy(error: unknown): Promise<void> {
    if (this.isOver) return
    this.isOver = true
    const { jobId, traceId } = this.job
    const ids = { jobId, traceId, ...(this.trace && { spanId: this.trace.spanId }) }
    const { log, databaseTrouble } = this.records
    const verdict = classifyError(error, databaseTrouble)
    if (verdict.class === 'refused') log.warn({ err: error, ...ids }, 'run refused')
    else log.error({ err: error, ...ids, ...verdict }, 'run failed')
    try {
      await this.#settle(error, verdict)
    } catch (failure) {
      log.error({ err: failure, ...ids }, 'the end of a run could not be stored')
    }
    this.trace?.end(...endOf(verdict))
  }

  async #settle(error: unknown, verdict: ErrorClass): Promise<void> {
    const { job, records } = this
    const { runs, retries, retryMilliseconds } = records
    switch (verdict.class) {
      case 'refused': {
        const message = error instanceof Error ? error.message : String(error)
        await persist(records, () => runs.fail(job, { code: 'invalid-dataset', message, epoch: null }))
        break
      }
      case 'ours':
        await persist(records, () =>
          runs.fail(job, { code: 'internal', message: internalMessage, epoch: null }),
        )
        break
      case 'retried': {
        const { reason } = verdict
        if (reason !== 'thread-died') {
          const postponed = await persist(records, () => runs.postpone(job, reason))
          if (postponed !== null) retries.hold(job, postponed)
          break
        }
        const pause = retryMilliseconds[job.crashes] ?? 0
        const isHeld = await persist(records, () => runs.crash(job, pause))
        if (isHeld) retries.hold(job, pause)
        break
      }
      default:
        verdict satisfies never
    }
  }

  /** @param reason why a training was stopped */
  async conclude(outcome: Outcome, reason: ReleaseReason = 'worker-stopped'): Promise<void> {
    if (this.isOver) return
    const isHeld = await this.#conclude(outcome, reason)
    this.isOver = true
    if (!isHeld) this.trace?.end('claim-lost')
    else this.trace?.end(outcome.type === 'stopped' ? reason : outcome.type, problemOf(outcome))
  }

  /** Another job of the batch killed the thread. */
  async interrupt(): Promise<void> {
    if (this.isOver) return
    this.isOver = true
    await persist(this.records, () => this.records.runs.release(this.job, 'interrupted'))
    this.trace?.end('released', 'interrupted')
  }

  /** False if the claim is no longer valid. */
  async #conclude(outcome: Outcome, reason: ReleaseReason): Promise<boolean> {
    const { job, records } = this
    const { runs } = records
    switch (outcome.type) {
      case 'trained': {
        const { model } = outcome
        return persist(records, () => runs.succeed(job, toNewModel(job, model), model.bestEpoch))
      }
      case 'diverged': {
        const message = `The loss became NaN or infinite in epoch ${outcome.epoch}. A smaller learning rate may help.`
        return persist(records, () => runs.fail(job, { code: 'diverged', message, epoch: outcome.epoch }))
      }
      case 'refused':
        return persist(records, () =>
          runs.fail(job, { code: outcome.code, message: outcome.message, epoch: null }),
        )
      case 'paused':
        return persist(records, () => runs.pause(job))
      case 'stopped':
        // After a pause or cancellation, the claim is no longer valid, and this changes nothing.
        return persist(records, () => runs.release(job, reason))
      default:
        return outcome satisfies never
    }
  }
}

function endOf(verdict: ErrorClass): [outcome: string, problem: string] {
  switch (verdict.class) {
    case 'refused':
      return ['failed', 'invalid-dataset']
    case 'ours':
      return ['failed', 'internal']
    case 'retried':
      return ['released', verdict.reason]
    default:
      return verdict satisfies never
  }
}

/** The code of the error with which the job fails. */
function problemOf(outcome: Outcome): string | undefined {
  if (outcome.type === 'diverged') return 'diverged'
  return outcome.type === 'refused' ? outcome.code : undefined
}

/** Stores short trainings without earlier progress in one statement. */
export async function storeWhole(
  records: RunRecords,
  trainings: readonly { record: RunRecord; training: WholeTraining }[],
): Promise<void> {
  const together: WholeSuccess[] = []
  for (const { record, training } of trainings) {
    const { job } = record
    const { progress, model } = training
    const { bestEpoch } = model
    const success = { claim: job, progress, model: toNewModel(job, model), bestEpoch }
    const isPlain = job.storedEpoch === 0 && job.fork === null
    if (isPlain && records.runs.isWhole(success)) together.push({ record, success })
    else {
      await record.guard(async () => {
        await record.store({ ...progress, checkpoint: null })
        await record.conclude({ type: 'trained', model })
      })
    }
  }
  if (together.length > 0) await succeedAll(records, together)
}

interface WholeSuccess {
  record: RunRecord
  success: Success
}

async function succeedAll(records: RunRecords, successes: readonly WholeSuccess[]): Promise<void> {
  const { runs, tally, log, databaseTrouble } = records
  const store = async (some: readonly WholeSuccess[]) => {
    const held = await runs.succeedAll(some.map(({ success }) => success))
    for (const [index, { record, success }] of some.entries()) {
      record.isOver = true
      if (held[index]) tally.addEpochs(epochCount(success.progress.epochs))
      record.trace?.report(success.progress)
      record.trace?.end(held[index] ? 'trained' : 'claim-lost')
    }
  }
  try {
    await persist(records, () => store(successes))
  } catch (error) {
    if (classifyError(error, databaseTrouble).class !== 'retried' && successes.length > 1)
      log.warn(
        { err: error },
        'the database refused several models in one statement; storing each separately',
      )
    for (const one of successes) await one.record.guard(() => store([one]))
  }
}

/**
 * Repeats a write while the database is unreachable, because that is no fault of the job. If the write took effect but
 * its answer was lost, the claim has changed and the result is false.
 */
async function persist<T>(
  { log, databaseTrouble }: Pick<RunRecords, 'log' | 'databaseTrouble'>,
  write: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + outageMilliseconds
  for (let pause = firstPauseMilliseconds; ; pause = Math.min(2 * pause, longestPauseMilliseconds)) {
    try {
      return await write()
    } catch (error) {
      if (classifyError(error, databaseTrouble).class !== 'retried' || Date.now() > deadline) throw error
      log.warn({ err: error }, 'the database refused a write; retrying')
      await sleep(pause)
    }
  }
}

function toNewModel(
  { spec: { network, loss } }: ClaimedJob,
  { layers, coding, parameters, weights, evaluation }: TrainedModel,
): NewModel {
  const { tensors, bytes } = weights
  return {
    id: newId('model'),
    name: null,
    network,
    loss,
    layers,
    coding,
    parameters,
    tensors,
    weights: bytes,
    evaluation,
  }
}
