import type { CheckpointHeader } from '../../contract/checkpoint.js'
import type { Bytes } from './bytes.js'

/** The complete state of a training, from which it continues with the same bits. */
export interface Checkpoint {
  /** Number of finished epochs, and of finished steps of the next epoch. */
  epoch: number
  step: number
  /** Backend and variant that computed the checkpoint. */
  backend: string
  /** All values that are not arrays, and the positions of the arrays in `bytes`. */
  header: CheckpointHeader
  /** Float32 little-endian. */
  bytes: Bytes
  /** Whether it was taken after the last epoch that other trials may share. */
  isShared?: boolean | undefined
}

/** A checkpoint whose bytes are read on demand. */
export interface StoredCheckpoint extends Omit<Checkpoint, 'bytes' | 'isShared'> {
  length: number
  chunks(): AsyncIterable<Uint8Array>
}
