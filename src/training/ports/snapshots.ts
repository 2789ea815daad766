import type { Coding } from '../../contract/dataset.js'
import type { Tensor } from '../../contract/model.js'

/** Weights of a small network with one or two features after several epochs, from which its boundary is computed. */
export interface WeightSnapshots {
  coding: Coding
  tensors: Tensor[]
  /** In ascending order of epochs. */
  taken: {
    epoch: number
    /** Whether it stays when a later snapshot is stored. */
    kept: boolean
    /** Float32 little-endian. */
    bytes: Uint8Array
  }[]
}

export interface SnapshotStore {
  /** At most `limit` snapshots after epoch `after`, in order. */
  read(jobId: string, after: number, limit: number): Promise<WeightSnapshots>
}
