/** A table of hostile requests with their expected responses. */
import { expect, it } from 'vitest'
import { type ProblemCode, problems } from '../../src/contract/problems.js'
import { expectProblem } from '../support/problem.js'
import { type Answer, type Request, send } from './raw-requests.js'

export interface Row {
  /** The hostile property. */
  name: string
  send: Request | (() => Request | Promise<Request>) | ((url: string) => Promise<Answer>)
  /** The problem code, or the status of a success. */
  is: ProblemCode | 200 | 201 | 202 | 304
  /** A part of the response. */
  says?: string | (() => string)
}

const isRequest = (value: Request | Answer): value is Request => 'path' in value

export function testRows(url: () => string, rows: readonly Row[]): void {
  it.each(rows.map((row) => ({ ...row, expected: String(row.is) })))('$expected: $name', async (row) => {
    const made = typeof row.send === 'function' ? await row.send(url()) : row.send
    const answer = isRequest(made) ? await send(url(), made) : made
    if (typeof row.is === 'number') expect(answer.status, answer.text).toBe(row.is)
    else {
      expectProblem(answer.headers['content-type'], answer.text, row.is)
      expect(answer.status).toBe(problems[row.is].status)
    }
    const says = typeof row.says === 'function' ? row.says() : row.says
    if (says !== undefined) expect(answer.text).toContain(says)
  })
}
