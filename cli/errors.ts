/** The end of the command after an error: what it prints, and its exit code. */
import {
  ApiError,
  ConnectionError,
  JobCancelledError,
  JobFailedError,
  SweepCancelledError,
  SweepFailedError,
  TimeoutError,
} from '../sdk/src/index.js'

/** Exit codes, which `descent --help` and docs/command-line.md list. */
export const exitCodes = {
  refused: 1,
  usage: 2,
  failed: 3,
  unreachable: 4,
  interrupted: 130,
} as const

/** A wrong command line. */
export class UsageError extends Error {}

interface End {
  code: number
  /** Lines for standard error. */
  lines: string[]
}

export function describeError(error: unknown): End {
  if (error instanceof ApiError) {
    const others = error.errors.map(({ pointer, message }) => `  ${pointer}: ${message}`)
    const listed = error.errors.length > 1 ? others : []
    const remedy = error.remedy === '' ? [] : [error.remedy]
    return { code: exitCodes.refused, lines: [`${error.title}: ${error.detail}`, ...listed, ...remedy] }
  }
  if (error instanceof ConnectionError || error instanceof TimeoutError) {
    const start = 'Start the service with `descent serve`, or name another one with --url or --profile.'
    return { code: exitCodes.unreachable, lines: [error.message, start] }
  }
  const message = error instanceof Error ? error.message : String(error)
  const isEnd =
    error instanceof JobFailedError ||
    error instanceof JobCancelledError ||
    error instanceof SweepFailedError ||
    error instanceof SweepCancelledError
  if (isEnd) return { code: exitCodes.failed, lines: [message] }
  if (error instanceof UsageError) return { code: exitCodes.usage, lines: [message] }
  return { code: exitCodes.refused, lines: [message] }
}
