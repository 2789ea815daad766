/** What trainings report, stored under the claims of their jobs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { countOf, epochsBehind } from '../src/engine/index.js'
import { newId } from '../src/training/new-id.js'
import type {
  ClaimedJob,
  NewModel,
  Progress,
  RunStore,
  Success,
  WeightSnapshots,
} from '../src/training/ports.js'
import type { Outcome, TrainedModel, WholeTraining } from './messages.js'
import type { WorkTally } from './work-tally.js'

/** A database that is away for longer costs the running jobs their claims. */
const outageMilliseconds = 30_000
const retryMilliseconds = 250

export interface RunRecords {
  runs: RunStore
  tally: WorkTally
  log: Pick<Logger, 'warn'>
}

/** One job while it runs. */
export class RunRecord {
  /** Epochs up to this one are stored. */
  #stored: number

  constructor(
    readonly job: ClaimedJob,
    private readonly records: RunRecords,
  ) {
    this.#stored = job.storedEpoch
  }

  /** False when the claim no longer holds. */
  async store({ epochs, seconds, checkpoint, snapshots, ...how }: Progress): Promise<boolean> {
    // An earlier attempt may have stored the first of them; the same seed gives the same values again.
    const fresh = epochsBehind(epochs, this.#stored)
    const kept = checkpoint !== null && checkpoint.epoch >= this.#stored ? checkpoint : null
    if (countOf(fresh) === 0 && kept === null) return true
    // Their time was counted then, too.
    const share = countOf(epochs) === 0 ? 1 : countOf(fresh) / countOf(epochs)
    const progress = {
      ...how,
      epochs: fresh,
      seconds: share * seconds,
      checkpoint: kept,
      snapshots: snapshots === null ? null : this.#unstored(snapshots),
    }
    const { runs, tally } = this.records
    if (!(await persist(this.records, () => runs.record(this.job, progress)))) return false
    this.#stored = fresh.firstEpoch + countOf(fresh) - 1
    tally.addEpochs(countOf(fresh))
    return true
  }

  /** Of an earlier attempt, those up to its last stored epoch are stored with it. */
  #unstored(snapshots: WeightSnapshots): WeightSnapshots {
    const { storedEpoch } = this.job
    if (storedEpoch === 0) return snapshots
    return { ...snapshots, taken: snapshots.taken.filter(({ epoch }) => epoch > storedEpoch) }
  }

  async conclude(outcome: Outcome): Promise<void> {
    const { job, records } = this
    const { runs } = records
    switch (outcome.type) {
      case 'trained': {
        const { model } = outcome
        await persist(records, () => runs.succeed(job, modelOf(job, model), model.bestEpoch))
        break
      }
      case 'diverged': {
        const message = `The loss became NaN or infinite in epoch ${outcome.epoch}. A smaller learning rate may help.`
        await persist(records, () => runs.fail(job, { code: 'diverged', message, epoch: outcome.epoch }))
        break
      }
      case 'refused':
        await persist(records, () =>
          runs.fail(job, { code: outcome.code, message: outcome.message, epoch: null }),
        )
        break
      case 'stopped':
        // After a pause or a cancellation the claim no longer holds, and this changes nothing.
        await persist(records, () => runs.release(job))
        break
      default:
        outcome satisfies never
    }
  }
}

/** Short trainings of which nothing is stored yet go to the database together. */
export async function storeWhole(
  records: RunRecords,
  trainings: readonly { record: RunRecord; training: WholeTraining }[],
): Promise<void> {
  const together: Success[] = []
  for (const { record, training } of trainings) {
    const { job } = record
    const { progress, model } = training
    const { bestEpoch } = model
    const success = { claim: job, progress, model: modelOf(job, model), bestEpoch }
    if (job.storedEpoch === 0 && records.runs.isWhole(success)) together.push(success)
    else {
      await record.store({ ...progress, checkpoint: null })
      await record.conclude({ type: 'trained', model })
    }
  }
  if (together.length > 0) await succeedAll(records, together)
}

async function succeedAll(records: RunRecords, successes: readonly Success[]): Promise<void> {
  const { runs, tally, log } = records
  try {
    const held = await runs.succeedAll(successes)
    for (const [index, { progress }] of successes.entries()) {
      if (held[index]) tally.addEpochs(countOf(progress.epochs))
    }
  } catch (error) {
    log.warn({ err: error }, 'the database does not take several models together; storing them one by one')
    for (const success of successes) {
      const [held] = await persist(records, () => runs.succeedAll([success]))
      if (held) tally.addEpochs(countOf(success.progress.epochs))
    }
  }
}

/**
 * Writes again while the database is away: that is no fault of the job. A write whose answer was lost but which
 * took effect finds the claim moved on, and says false.
 */
async function persist<T>({ log }: Pick<RunRecords, 'log'>, write: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + outageMilliseconds
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (Date.now() > deadline) throw error
      log.warn({ err: error }, 'the database does not take a write; trying again')
      await sleep(retryMilliseconds)
    }
  }
}

function modelOf(
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
