/** A row of a table of hostile inputs: what is sent, and what must come back. */
import { expect, it } from 'vitest'
import { type ProblemCode, problems } from '../../src/contract/problems.js'
import { expectProblem } from '../support/problem.js'
import { type Answer, type Request, send } from './wire.js'

export interface Row {
  /** What is hostile about it. */
  name: string
  send: Request | (() => Request | Promise<Request>) | ((url: string) => Promise<Answer>)
  /** The code of the refusal, or the status of an answer that is none. */
  is: ProblemCode | 200 | 201 | 202 | 304
  /** Part of the answer. */
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
