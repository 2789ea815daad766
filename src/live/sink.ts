/** The receiver of a stream's messages. */
import type { Boundary } from '../contract/boundary.js'
import type { Job } from '../contract/job.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'
import type { StreamMessage } from '../contract/stream.js'

/** The content of each type of message before serialization. Watchers share epochs and frames. */
interface MessageContents {
  job: { job: Job }
  epochs: { jobId: string; epochs: PackedEpochs }
  boundary: { jobId: string; frame: Boundary }
  end: { job: Job }
}

export type LiveMessage = {
  [Type in StreamMessage['type']]: { type: Type } & MessageContents[Type]
}[StreamMessage['type']]

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
