/** The hash of all that determines a run, except the backend: equal runs of one backend have the same bits. */
import { createHash } from 'node:crypto'
import type { Change, JobSpec } from '../contract/job.js'
import { release } from '../contract/release.js'
import type { DataDescription } from './data-description.js'

interface RunData {
  data: Pick<DataDescription, 'name' | 'datasetId' | 'contentHash'>
  validation: Pick<DataDescription, 'name' | 'datasetId' | 'contentHash'> | null
}

/** Null if the content of a dataset has no hash. */
export function runIdentity(
  spec: JobSpec,
  changes: readonly Change[],
  { data, validation }: RunData,
): Buffer<ArrayBuffer> | null {
  const dataset = contentOf(data)
  const validationDataset = validation === null ? undefined : contentOf(validation)
  if (dataset === null || validationDataset === null) return null
  const schedule = changes.map(({ fromEpoch, before, after }) => ({ fromEpoch, before, after }))
  const run = { release, spec: { ...spec, dataset, validationDataset }, schedule }
  return createHash('sha256').update(JSON.stringify(run, sortMembers)).digest()
}

const contentOf = ({ name, datasetId, contentHash }: RunData['data']) =>
  datasetId === null ? name : contentHash()

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
