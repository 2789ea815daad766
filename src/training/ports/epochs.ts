import type { PackedEpochs } from '../../contract/packed-epochs.js'

export interface EpochStore {
  /** At most `limit` epochs after epoch `after`, in order. */
  readPacked(jobId: string, after: number, limit: number): Promise<PackedEpochs>
  /** Those of these epochs that are stored, in order. */
  readAt(jobId: string, epochs: number[]): Promise<PackedEpochs>
  /** About `points` of the stored epochs at even distances, including the first and the last. */
  readThinned(jobId: string, points: number): Promise<PackedEpochs>
}
