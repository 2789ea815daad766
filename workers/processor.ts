/** From a ticket to an ended job: claim it, train it in a thread, store its epochs as they come, record its end. */
import type { Logger } from 'pino'
import { builtIn } from '../src/datasets/built-ins.js'
import type { Table } from '../src/datasets/table.js'
import { newId } from '../src/training/new-id.js'
import type {
  Claim,
  ClaimedJob,
  DatasetStore,
  JobProgress,
  ModelStore,
  RunStore,
} from '../src/training/ports.js'
import type { TrainedModel } from './messages.js'
import { type Outcome, ThreadCrash, type TrainerPool } from './trainer-pool.js'

const heartbeatMilliseconds = 1_000

interface Dependencies {
  workerId: string
  runs: RunStore
  datasets: Pick<DatasetStore, 'get' | 'values'>
  models: Pick<ModelStore, 'weights'>
  pool: TrainerPool
  log: Logger
}

interface Run {
  claim: Claim
  stop: Int32Array
}

/** The claim is gone: the job was cancelled, or another worker holds it. Nothing is left to write. */
class ClaimLost extends Error {
  override readonly name = 'ClaimLost'
}

export class Processor {
  private readonly running = new Map<string, Run>()
  private stopping = false
  private readonly heart: NodeJS.Timeout

  constructor(private readonly dependencies: Dependencies) {
    this.heart = setInterval(() => void this.beat(), heartbeatMilliseconds)
  }

  /** Runs the job if it is to be run. Rejects only when the database cannot be written; the reconciler tries again. */
  async process(jobId: string): Promise<void> {
    if (this.stopping || this.running.has(jobId)) return
    const { runs, workerId, log } = this.dependencies
    const job = await runs.claim(jobId, workerId)
    if (job === null) return
    const claim: Claim = { jobId, attempt: job.attempt }
    const run: Run = { claim, stop: new Int32Array(new SharedArrayBuffer(4)) }
    this.running.set(jobId, run)
    if (this.stopping) requestStop(run)
    try {
      await this.conclude(claim, job, await this.train(job, run))
    } catch (error) {
      if (error instanceof ClaimLost) return
      log.error({ jobId, error }, 'run failed')
      if (!(error instanceof ThreadCrash)) throw error
      await runs.crash(claim)
    } finally {
      this.running.delete(jobId)
    }
  }

  /** A hint: whatever is no longer running must stop. */
  notice({ jobId, status }: JobProgress): void {
    const run = this.running.get(jobId)
    if (run !== undefined && status !== 'running') requestStop(run)
  }

  /** Takes no more jobs and hands the running ones back; each `process` under way then resolves. */
  stop(): void {
    this.stopping = true
    for (const run of this.running.values()) requestStop(run)
  }

  close(): void {
    clearInterval(this.heart)
  }

  private async train(job: ClaimedJob, run: Run): Promise<Outcome> {
    const { runs, pool, models } = this.dependencies
    const data = await this.load(job)
    if (data === null) return { type: 'refused', message: 'The dataset of this job no longer exists.' }
    const { from } = job.spec
    const initialWeights = from === undefined ? null : await models.weights(from)
    if (from !== undefined && initialWeights === null)
      return { type: 'refused', message: `The model ${from} to start from no longer exists.` }
    let stored = job.storedEpoch
    return pool.train(
      { spec: job.spec, ...data, initialWeights, stop: run.stop },
      async (epochs, backend) => {
        // An earlier attempt may have stored the first of them; the same seed gives the same values again.
        const fresh = epochs.filter((epoch) => epoch.epoch > stored)
        const last = fresh.at(-1)
        if (last === undefined) return
        if (!(await runs.appendEpochs(run.claim, fresh, backend))) {
          requestStop(run)
          throw new ClaimLost()
        }
        stored = last.epoch
      },
    )
  }

  private async load(job: ClaimedJob): Promise<(Table & { standardize: boolean }) | null> {
    const { datasets } = this.dependencies
    const table = builtIn(job.spec.dataset)
    if (table !== undefined) return table
    if (job.datasetId === null) return null
    const [dataset, values] = await Promise.all([datasets.get(job.datasetId), datasets.values(job.datasetId)])
    if (dataset === null || values === null) return null
    const { columns, rows, origin } = dataset
    return { columns, rows, values, standardize: origin === 'uploaded' }
  }

  private async conclude(claim: Claim, job: ClaimedJob, outcome: Outcome): Promise<void> {
    const { runs, log } = this.dependencies
    switch (outcome.type) {
      case 'trained':
        await runs.succeed(claim, modelOf(job, outcome.model))
        break
      case 'diverged': {
        const message = `The loss became NaN or infinite in epoch ${outcome.epoch}. A smaller learning rate may help.`
        await runs.fail(claim, { code: 'diverged', message, epoch: outcome.epoch })
        break
      }
      case 'refused':
        await runs.fail(claim, { code: 'invalid-dataset', message: outcome.message, epoch: null })
        break
      case 'stopped':
        // Stopped by a cancellation the claim no longer holds, and this changes nothing.
        await runs.release(claim)
        break
      default:
        outcome satisfies never
    }
    log.info({ jobId: claim.jobId, attempt: claim.attempt, outcome: outcome.type }, 'run ended')
  }

  private async beat(): Promise<void> {
    if (this.running.size === 0) return
    const { runs, log } = this.dependencies
    try {
      const claims = [...this.running.values()].map((run) => run.claim)
      const held = await runs.heartbeat(claims)
      for (const claim of claims) {
        const run = this.running.get(claim.jobId)
        if (run !== undefined && !held.has(claim.jobId)) requestStop(run)
      }
    } catch (error) {
      log.warn({ error }, 'heartbeat failed')
    }
  }
}

function requestStop(run: Run): void {
  Atomics.store(run.stop, 0, 1)
}

function modelOf(job: ClaimedJob, { layers, coding, parameters, weights }: TrainedModel) {
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
  }
}
