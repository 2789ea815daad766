/**
 * Reads of the database that watchers share: one statement for many jobs, one object for the same epochs. Tenants take
 * turns.
 */

import { LRUCache } from 'lru-cache'
import { lastEpoch, type PackedEpochs } from '../contract/packed-epochs.js'
import { BatchLoader } from './batch-loader.js'
import type { EpochsWanted, WatchedJob, WatchStore } from './watch-store.js'

/** Most epochs of one message. */
const epochsPerRead = 2_000

/** Results kept for other readers at the same position. */
const cachedReads = 64

/** Small, so that no statement delays the others and no result blocks the event loop. */
const jobBatches = { size: 32, concurrency: 2 }
const epochBatches = { size: 8, concurrency: 2 }

export class SharedReads {
  readonly #jobs: BatchLoader<EpochsWanted, WatchedJob | null>
  readonly #epochs: BatchLoader<EpochsWanted, PackedEpochs>
  readonly #running = new Map<string, Promise<PackedEpochs>>()
  readonly #cache = new LRUCache<string, PackedEpochs>({ max: cachedReads })

  constructor(store: Pick<WatchStore, 'jobs' | 'epochs'>) {
    this.#jobs = new BatchLoader((wanted) => store.jobs(wanted), jobBatches)
    this.#epochs = new BatchLoader((wanted) => store.epochs(wanted), epochBatches)
  }

  /** The current job, with the epochs after `after`. */
  async job(tenantId: string, jobId: string, after: number): Promise<WatchedJob | null> {
    const found = await this.#jobs.load(tenantId, `${jobId} ${after}`, epochRange(jobId, after))
    return found === null ? null : { ...found, epochs: this.#share(jobId, found.epochs) }
  }

  /** Stored epochs after `after`, in order; empty at the end. */
  async epochs(tenantId: string, jobId: string, after: number): Promise<PackedEpochs> {
    const range = epochRange(jobId, after)
    const key = `${jobId} ${after} ${after + range.limit}`
    const cached = this.#cache.get(key)
    if (cached !== undefined) return this.#share(jobId, cached)
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const read = this.#epochs
      .load(tenantId, key, range)
      .then((epochs) => this.#share(jobId, epochs))
      .finally(() => this.#running.delete(key))
    this.#running.set(key, read)
    return read
  }

  /** Stored epochs do not change, so any earlier read of the same range is valid, even after thinning. */
  #share(jobId: string, epochs: PackedEpochs): PackedEpochs {
    if (epochs.seconds.length === 0) return epochs
    const key = `${jobId} ${epochs.after} ${lastEpoch(epochs)}`
    const shared = this.#cache.get(key) ?? epochs
    this.#cache.set(key, shared)
    return shared
  }
}

/** Ends at the same epochs for all readers, so that their reads coincide. */
function epochRange(jobId: string, after: number): EpochsWanted {
  return { jobId, after, limit: epochsPerRead - (after % epochsPerRead) }
}
