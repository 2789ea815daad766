/** What a view shows of an error. */
import { ApiError, DescentError } from '../../../sdk/src/index.js'

/** An error that the service answered, or one of this page. */
export interface Problem extends Pick<ApiError, 'status' | 'code' | 'message' | 'errors'> {
  /** Names the kind of problem. Empty if the service did not answer. */
  title: string
}

/** An error that this page finds. */
export class PageError extends Error implements Problem {
  override readonly name = 'PageError'
  readonly status = 0
  readonly title = ''

  constructor(
    readonly code: string,
    message: string,
    readonly errors: Problem['errors'] = [],
  ) {
    super(message)
  }
}

export function toProblem(error: unknown): Problem {
  if (error instanceof ApiError || error instanceof PageError) return error
  // The other errors of calls: no connection, or no answer in time.
  if (error instanceof DescentError)
    return new PageError('unreachable', 'The service does not respond. It may be restarting.')
  return new PageError('page', String(error))
}
