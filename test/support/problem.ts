/** The form of every refusal. */
import { expect } from 'vitest'
import { type ProblemCode, problems } from '../../src/contract/problems.js'

export function expectProblem(contentType: string | undefined, text: string, code: ProblemCode): void {
  expect(contentType, text).toBe('application/problem+json')
  const body: unknown = JSON.parse(text)
  expect(body).toEqual({
    type: `/problems/${code}`,
    title: problems[code].title,
    status: problems[code].status,
    detail: expect.stringMatching(/./),
    code,
    errors: expect.any(Array),
    remedy: problems[code].remedy,
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  // No stack trace, no path of ours, no word of the libraries beneath.
  expect(text).not.toMatch(/node_modules|\.[jt]s:\d|prisma|Invalid input|FST_/i)
}
