/** A job in memory as watching reads it, whose reads wait until a test lets them go on. */
import type { Job } from '../../src/contract/job.js'
import type { JobStatus } from '../../src/contract/job-status.js'
import type { PackedEpochs } from '../../src/contract/packed-epochs.js'
import type { EpochsWanted, WatchedJob, WatchStore } from '../../src/live/watch-store.js'
import { type Gate, gate } from './gate.js'
import { xorSpec } from './stores.js'

export class WatchedJobInMemory implements WatchStore {
  readonly id = 'job_watched'
  status: JobStatus = 'running'
  epoch = 0
  /** Reads of the job so far. */
  reads = 0
  #holding: Gate | undefined

  /** Reads take what they answer at once, and answer when the returned function is called. */
  hold(): () => void {
    const holding = gate()
    this.#holding = holding
    return () => {
      this.#holding = undefined
      holding.open()
    }
  }

  async jobs(wanted: readonly EpochsWanted[]): Promise<(WatchedJob | null)[]> {
    this.reads++
    const found = wanted.map(({ after, limit }) => ({
      tenantId: 'local',
      job: this.#job(),
      epochs: this.#epochs(after, limit),
    }))
    await this.#holding?.passed
    return found
  }

  async epochs(wanted: readonly EpochsWanted[]): Promise<PackedEpochs[]> {
    return wanted.map(({ after, limit }) => this.#epochs(after, limit))
  }

  async progress() {
    return [{ jobId: this.id, status: this.status, epoch: this.epoch }]
  }

  #epochs(after: number, limit: number): PackedEpochs {
    const count = Math.max(0, Math.min(limit, this.epoch - after))
    return { after, numbers: null, metrics: new Float64Array(4 * count), seconds: new Float64Array(count) }
  }

  #job(): Job {
    const { id, status, epoch } = this
    const spec = xorSpec()
    const metrics = { loss: null, accuracy: null, valLoss: null, valAccuracy: null }
    return {
      ...{ id, object: 'job', name: null, status, epoch, epochs: spec.epochs, spec, metrics },
      ...{
        createdAt: '2026-01-01T00:00:00.000Z',
        startedAt: null,
        finishedAt: null,
        estimatedStartAt: null,
        estimatedFinishAt: null,
      },
      ...{ bestEpoch: null, epochsKept: null, parameters: 17, arenaBytes: 1, flopsPerEpoch: 1 },
      ...{ backend: null, backendDetail: null, queuePosition: null, modelId: null, error: null },
      ...{
        priority: 0,
        changes: [],
        notes: null,
        retraining: null,
        sweep: null,
        test: null,
        reusedFrom: null,
        continuedFrom: null,
        forkOf: null,
        verifies: null,
        tags: [],
        metadata: {},
        links: { self: '', stream: '', epochs: '' },
      },
    }
  }
}
