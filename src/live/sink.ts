/** Where the messages of a stream go. */
import type { Boundary } from '../contract/boundary.js'
import type { Job } from '../contract/job.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'

/** A message of the stream, its epochs and frame as the watchers share them. */
export type LiveMessage =
  | { type: 'job'; job: Job }
  | { type: 'epochs'; jobId: string; epochs: PackedEpochs }
  | { type: 'boundary'; jobId: string; frame: Boundary }
  | { type: 'end'; job: Job }

export const jobIdOf = (message: LiveMessage) => ('job' in message ? message.job.id : message.jobId)

export interface Sink {
  /** Resolves when the reader can take more. */
  send(message: LiveMessage): Promise<void>
  /** Whether next to nothing waits for the reader; what it can do without is left out otherwise. */
  isReady(): boolean
}

/** A sink for many jobs. */
export interface BundleSink extends Sink {
  /** The job does not exist, or no longer. */
  sendMissing(jobId: string): Promise<void>
}
