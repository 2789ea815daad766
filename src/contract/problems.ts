/**
 * Every error a client can meet: one table, one class. Answers are application/problem+json (RFC 9457);
 * `README.md` lists the same codes and a test compares the two.
 */
import { z } from 'zod'

export const problems = {
  'invalid-request': { status: 400, title: 'The request does not fit its schema' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'too-deep': { status: 400, title: 'The body is nested too deeply' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'job-finished': { status: 409, title: 'The job has already ended' },
  'job-active': { status: 409, title: 'The job has not ended yet' },
  'invalid-transition': { status: 409, title: 'The job is in no state for that' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'dataset-too-large': { status: 413, title: 'The dataset is too large' },
  'unsupported-media-type': { status: 415, title: 'The content type is not understood here' },
  'websocket-required': { status: 426, title: 'This address speaks WebSocket' },
  'invalid-spec': { status: 422, title: 'The training cannot work as described' },
  'invalid-dataset': { status: 422, title: 'The dataset cannot be used' },
  'invalid-input': { status: 422, title: 'The input does not fit the model' },
  'model-too-large': { status: 422, title: 'The training needs more memory than is allowed' },
  'budget-exceeded': { status: 422, title: 'The training needs more work than is allowed' },
  internal: { status: 500, title: 'Something broke on our side' },
  unavailable: { status: 503, title: 'The service is not ready' },
} as const

export type ProblemCode = keyof typeof problems

export interface ProblemItem {
  /** JSON Pointer (RFC 6901) to the offending part of the request. */
  pointer: string
  message: string
}

/** Thrown anywhere, answered as problem+json. `detail` is shown to the client as it stands. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly errors: ProblemItem[] = [],
  ) {
    super(detail)
  }
}

export const problemSchema = z.object({
  type: z.string().describe('address of a page about this code'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
  traceId: z.string(),
})
export type ProblemBody = z.infer<typeof problemSchema>

/** The token of a JSON Pointer for one path segment (RFC 6901, section 3). */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
