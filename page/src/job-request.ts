/** Requests that start a job again, as it was or with a patch of its spec. */
import type { Job, JobRequest } from './api/types.js'

/** The request for the same job. The spec contains the seed, so the weights are the same. */
export function requestFor({ name, spec, metadata, priority }: Job): JobRequest {
  const { inherited = [], ...accepted } = spec
  // The model in `from` gives these scalings again.
  const given = Object.entries(accepted).filter(([field]) => !inherited.some((each) => each === field))
  return {
    ...(name === null ? {} : { name }),
    ...Object.fromEntries(given),
    ...(priority === 0 ? {} : { priority }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  } as JobRequest
}

const longestName = 200

/** The request for a job with a patch. Its name says what was changed. */
export function patchedRequest(job: Job, { patch, title }: { patch: object; title: string }): JobRequest {
  const name = `${job.name ?? 'Untitled run'}, patched: ${title.toLowerCase()}`.slice(-longestName)
  return { ...mergePatch(requestFor(job), patch), name } as JobRequest
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** JSON merge patch (RFC 7396, section 2). */
function mergePatch(target: object, patch: object): object {
  const merged = new Map<string, unknown>(Object.entries(target))
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name)
    if (value === null) merged.delete(name)
    else merged.set(name, isObject(value) ? mergePatch(isObject(before) ? before : {}, value) : value)
  }
  return Object.fromEntries(merged)
}
