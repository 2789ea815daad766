import type { Epoch } from '../../contract/epoch.js'
import type { PackedEpochs } from '../../contract/packed-epochs.js'

export interface EpochStore {
  /** At most `limit` epochs after epoch `after`, in order. */
  read(jobId: string, after: number, limit: number): Promise<Epoch[]>
  readPacked(jobId: string, after: number, limit: number): Promise<PackedEpochs>
  /** About `points` of the stored epochs at even distances, including the first and the last. */
  readThinned(jobId: string, points: number): Promise<Epoch[]>
}
