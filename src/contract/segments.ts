/** Divides a run by the changes of its spec. */
import type { Change, Settings } from './job-change.js'
import { type JobSpec, jobSpecSchema } from './job-spec.js'

/** Consecutive epochs with one spec. */
export interface Segment {
  spec: JobSpec
  /** Null if the training itself ends the segment. */
  lastEpoch: number | null
}

/** The segments that have epochs, in order. */
export function divideByChanges(spec: JobSpec, changes: readonly Change[]): Segment[] {
  const segments: Segment[] = []
  let earlier = spec
  for (const { before, fromEpoch } of changes.toReversed()) {
    earlier = withSettings(earlier, before)
    segments.unshift({ spec: earlier, lastEpoch: fromEpoch - 1 })
  }
  let last = 0
  const begun = segments.filter(({ lastEpoch }) => {
    const hasEpochs = lastEpoch !== null && lastEpoch > last
    if (hasEpochs) last = lastEpoch
    return hasEpochs
  })
  return [...begun, { spec, lastEpoch: spec.stopAfter ?? null }]
}

/** The spec with these settings. A setting that is null is omitted. */
export function withSettings(spec: JobSpec, { learningRate, optimizer, ...others }: Settings): JobSpec {
  const merged = { ...spec, ...others, optimizer: { ...(optimizer ?? spec.optimizer), learningRate } }
  return jobSpecSchema.parse(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)))
}
