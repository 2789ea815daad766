/** The receiver of a stream's messages. */
import type { Boundary } from '../contract/boundary.js'
import type { Job } from '../contract/job.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'

/** A message of a stream before serialization. Watchers share its epochs and frame. */
export type LiveMessage =
  | { type: 'job'; job: Job }
  | { type: 'epochs'; jobId: string; epochs: PackedEpochs }
  | { type: 'boundary'; jobId: string; frame: Boundary }
  | { type: 'end'; job: Job }

export const messageJobId = (message: LiveMessage) => ('job' in message ? message.job.id : message.jobId)

export interface Sink {
  /** Resolves when the reader can receive more. */
  send(message: LiveMessage): Promise<void>
  /** False while messages wait for the reader. Optional messages are then skipped. */
  isReady(): boolean
}

/** A sink for the messages of many jobs. */
export interface MultiSink extends Sink {
  /** The job does not exist, or was deleted. */
  sendMissing(jobId: string): Promise<void>
}
