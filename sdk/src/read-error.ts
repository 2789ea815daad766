/** Reads the errors of answers. */
import type { ApiError, ReceivedProblem } from './errors.js'
import { problemError } from './problem-errors.js'

/** The error of an answer, which a proxy may have sent. */
export async function readError(response: Response): Promise<ApiError> {
  const seconds = readRetryAfter(response.headers.get('retry-after'))
  const text = await response.text()
  return problemError(parseProblem(text) ?? unknownProblem(response.status, text), seconds)
}

function parseProblem(text: string): ReceivedProblem | undefined {
  try {
    const problem: unknown = JSON.parse(text)
    const isProblem =
      typeof problem === 'object' && problem !== null && 'code' in problem && 'detail' in problem
    return isProblem ? (problem as ReceivedProblem) : undefined
  } catch {
    return undefined
  }
}

const unknownProblem = (status: number, text: string): ReceivedProblem => ({
  code: 'unknown',
  status,
  title: 'Unknown error',
  detail: `The answer has status ${status} and is no problem of the service: ${text.slice(0, 200)}`,
})

/** Seconds, from a number or a date (RFC 9110, section 10.2.3). */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}
