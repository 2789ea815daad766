/** The hash of all that determines a run, except the backend: equal runs of one backend have the same bits. */
import { createHash } from 'node:crypto'
import type { Change } from '../contract/job-change.js'
import type { JobSpec } from '../contract/job-spec.js'
import { release } from '../contract/release.js'
import type { DataDescription } from './data-description.js'

interface RunData {
  data: Pick<DataDescription, 'name' | 'contentHash'>
  validation: Pick<DataDescription, 'name' | 'contentHash'> | null
}

export function runIdentity(
  // The trials beside a job do not change its run.
  { repeats: _repeats, folds: _folds, ...spec }: JobSpec,
  changes: readonly Change[],
  { data, validation }: RunData,
): Buffer<ArrayBuffer> {
  const dataset = contentOf(data)
  const validationDataset = validation === null ? undefined : contentOf(validation)
  const schedule = changes.map(({ fromEpoch, before, after }) => ({ fromEpoch, before, after }))
  const run = { release, spec: { ...spec, dataset, validationDataset }, schedule }
  return createHash('sha256').update(JSON.stringify(run, sortMembers)).digest()
}

/** The content of a dataset does not change, so its id names it as well. */
const contentOf = ({ name, contentHash }: RunData['data']) => contentHash() ?? name

/** For JSON.stringify: the members of each object in the order of their names. */
export function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
