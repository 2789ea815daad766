/**
 * The folds that interrupted jobs have trained, so that a job that is claimed again continues with the next fold. They depend
 * on the spec, the rows and the backend alone, so another worker, which does not have them, gets the same.
 */
import { LRUCache } from 'lru-cache'
import type { JobSpec } from '../src/contract/job-spec.js'
import type { FoldResult } from './messages.js'

const maximumBytes = 64 * 1024 * 1024
/** Of an entry without answers. */
const entryBytes = 1_024

interface Entry {
  /** Of spec and backend. A change may replace the spec. */
  key: string
  results: readonly FoldResult[]
}

export class FoldMemory {
  readonly #jobs = new LRUCache<string, Entry>({
    maxSize: maximumBytes,
    sizeCalculation: ({ results }) =>
      results.reduce((sum, { answers }) => sum + answers.byteLength, entryBytes),
  })

  /** The first folds of a job, in their order. */
  read(jobId: string, spec: JobSpec, backend: string): readonly FoldResult[] {
    const entry = this.#jobs.get(jobId)
    return entry?.key === toKey(spec, backend) ? entry.results : []
  }

  /** Adds the next fold. */
  add(jobId: string, spec: JobSpec, backend: string, result: FoldResult): void {
    const results = [...this.read(jobId, spec, backend), result]
    this.#jobs.set(jobId, { key: toKey(spec, backend), results })
  }

  /** Called when the job has ended. */
  forget(jobId: string): void {
    this.#jobs.delete(jobId)
  }
}

const toKey = (spec: JobSpec, backend: string) => JSON.stringify([spec, backend])
