/**
 * What watchers read, shared: questions of the same time go together in one statement, and epochs that several read are
 * the same object, so that they are written out once.
 */

import { evictOldest } from '../base/evict-oldest.js'
import { lastEpoch, type PackedEpochs } from '../contract/packed-epochs.js'
import { Batch } from './batch.js'
import type { EpochsWanted, WatchedJob, WatchStore } from './watch-store.js'

/** Most epochs in one message. */
const epochsPerRead = 2_000

/** Epochs of this many reads are kept for readers that come to the same place. */
const keptReads = 64

/** A statement must not hold up the others, nor its answer the event loop. */
const jobsAtOnce = { size: 32, atOnce: 2 }
const epochsAtOnce = { size: 8, atOnce: 2 }

export class Source {
  readonly #jobs: Batch<EpochsWanted, WatchedJob | null>
  readonly #epochs: Batch<EpochsWanted, PackedEpochs>
  readonly #underWay = new Map<string, Promise<PackedEpochs>>()
  /** The one used last stands last. */
  readonly #kept = new Map<string, PackedEpochs>()

  constructor(store: Pick<WatchStore, 'jobs' | 'epochs'>) {
    this.#jobs = new Batch((wanted) => store.jobs(wanted), jobsAtOnce)
    this.#epochs = new Batch((wanted) => store.epochs(wanted), epochsAtOnce)
  }

  /** The job as it is now, with epochs after that one. */
  async job(jobId: string, after: number): Promise<WatchedJob | null> {
    const found = await this.#jobs.answer(`${jobId} ${after}`, wantedOf(jobId, after))
    return found === null ? null : { ...found, epochs: this.#keep(jobId, found.epochs) }
  }

  /** Stored epochs after that one, in order; none where there are no more. */
  async epochs(jobId: string, after: number): Promise<PackedEpochs> {
    const wanted = wantedOf(jobId, after)
    const key = `${jobId} ${after} ${after + wanted.limit}`
    const known = this.#kept.get(key)
    if (known !== undefined) return this.#keep(jobId, known)
    const underWay = this.#underWay.get(key)
    if (underWay !== undefined) return underWay
    const read = this.#epochs
      .answer(key, wanted)
      .then((epochs) => this.#keep(jobId, epochs))
      .finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, read)
    return read
  }

  /** Stored epochs do not change, so those of the same numbers are the same, though some may be thinned out later. */
  #keep(jobId: string, epochs: PackedEpochs): PackedEpochs {
    if (epochs.seconds.length === 0) return epochs
    const key = `${jobId} ${epochs.after} ${lastEpoch(epochs)}`
    const kept = this.#kept.get(key) ?? epochs
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    evictOldest(this.#kept, keptReads)
    return kept
  }
}

/** Up to the same places for everybody, wherever they began. */
function wantedOf(jobId: string, after: number): EpochsWanted {
  return { jobId, after, limit: epochsPerRead - (after % epochsPerRead) }
}
