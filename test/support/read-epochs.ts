import type { Epoch } from '../../src/contract/epoch.js'
import { unpackEpochs } from '../../src/contract/packed-epochs.js'
import type { Stores } from './stores.js'

export async function readEpochs(
  { epochs }: Pick<Stores, 'epochs'>,
  jobId: string,
  after: number,
  limit: number,
): Promise<Epoch[]> {
  return unpackEpochs(await epochs.readPacked(jobId, after, limit))
}

/** About `points` epochs at even distances. */
export async function readThinned(
  { epochs }: Pick<Stores, 'epochs'>,
  jobId: string,
  points: number,
): Promise<Epoch[]> {
  return unpackEpochs(await epochs.readThinned(jobId, points))
}
