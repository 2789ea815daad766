/** Compares what is stored of two runs. */
import { createHash } from 'node:crypto'
import type { Difference } from '../contract/fork.js'
import type { Job } from '../contract/job.js'
import { firstDifference } from '../contract/packed-epochs.js'
import { Problem } from '../contract/problems.js'
import type { EpochStore } from './ports/epochs.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { SnapshotStore } from './ports/snapshots.js'

export interface DifferenceDependencies {
  jobs: Pick<JobStore, 'getMany'>
  models: Pick<ModelStore, 'get'>
  epochs: Pick<EpochStore, 'readPacked'>
  snapshots: SnapshotStore
}

/** Epochs of a page. Comparing one takes less than a millisecond. */
const epochsAtOnce = 10_000
const snapshotsAtOnce = 64

/** @throws Problem `not-found` */
export async function compareRuns(
  { jobs, models, epochs, snapshots }: DifferenceDependencies,
  ids: readonly [string, string],
): Promise<Difference> {
  const found = new Map((await jobs.getMany(ids)).map((job) => [job.id, job]))
  const [one, other] = ids.map((id) => {
    const job = found.get(id)
    if (job === undefined) throw new Problem('not-found', `There is no job ${id}.`)
    return job
  })
  const shared = Math.min(one.epoch, other.epoch)
  const different = await firstDifferent(epochs, one, other, shared)
  const [before, after] = [await hashSnapshots(snapshots, one), await hashSnapshots(snapshots, other)]
  const weights = [...before].flatMap(([epoch, sha256]) => {
    const repeated = after.get(epoch)
    return repeated === undefined
      ? []
      : [{ epoch, sha256: pair(sha256, repeated), equal: sha256 === repeated }]
  })
  const model = await compareModels(models, one, other)
  const firstEpoch = different ?? (one.epoch === other.epoch ? null : shared + 1)
  return {
    object: 'difference',
    jobs: pair(one.id, other.id),
    equal: firstEpoch === null && weights.every(({ equal }) => equal) && model?.equal !== false,
    firstEpoch,
    epochs: shared,
    snapshots: weights,
    model,
  }
}

const pair = <T>(one: T, other: T): [T, T] => [one, other]

async function firstDifferent(
  epochs: DifferenceDependencies['epochs'],
  one: Job,
  other: Job,
  last: number,
): Promise<number | null> {
  for (let after = 0; after < last; after += epochsAtOnce) {
    const limit = Math.min(epochsAtOnce, last - after)
    const [a, b] = await Promise.all([one, other].map(({ id }) => epochs.readPacked(id, after, limit)))
    const different = firstDifference(a, b)
    if (different !== null) return different
  }
  return null
}

/** Hashes of the stored weights by epoch. */
export async function hashSnapshots(snapshots: SnapshotStore, { id }: Job): Promise<Map<number, string>> {
  const hashes = new Map<number, string>()
  for (let after = -1; ; ) {
    const { taken } = await snapshots.read(id, after, snapshotsAtOnce)
    for (const { epoch, bytes } of taken) {
      hashes.set(epoch, createHash('sha256').update(bytes).digest('hex'))
      after = epoch
    }
    if (taken.length === 0) return hashes
  }
}

async function compareModels(
  models: DifferenceDependencies['models'],
  one: Job,
  other: Job,
): Promise<Difference['model']> {
  if (one.modelId === null || other.modelId === null) return null
  const [a, b] = [await models.get(one.modelId), await models.get(other.modelId)]
  if (a === null || b === null) return null
  const sha256 = pair(a.weightSha256, b.weightSha256)
  return { epochs: pair(a.epoch, b.epoch), sha256, equal: sha256[0] === sha256[1] }
}
