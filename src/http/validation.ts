/** Requests are checked by the Zod schemas of their routes; what does not fit is told place by place. */
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { Problem, type ProblemItem, pointerTo } from '../contract/problems.js'
import { inWords } from './words.js'

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data) => {
    const result = schema.safeParse(data, { error: inWords })
    return result.success
      ? { value: result.data }
      : { error: invalidRequest(result.error, httpPart ?? 'request') }
  }
}

function invalidRequest(error: z.ZodError, part: string): Problem {
  const items = withoutRepetitions(error.issues.flatMap((issue) => itemsOf(issue, [])))
  const [first] = items
  const where = first === undefined || first.pointer === '' ? `the ${part}` : first.pointer
  const more = items.length > 1 ? ` (and ${items.length - 1} more)` : ''
  return new Problem('invalid-request', `${where}: ${first?.message ?? 'does not fit'}${more}`, items)
}

/** Two rules of one schema may say the same of the same place. */
function withoutRepetitions(items: ProblemItem[]): ProblemItem[] {
  return [...new Map(items.map((item) => [`${item.pointer} ${item.message}`, item])).values()]
}

type Issue = z.core.$ZodIssue

/** One item a place: unknown fields are named each, and of a union the branch that came closest is told. */
function itemsOf(issue: Issue, above: readonly PropertyKey[]): ProblemItem[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...path, key]), message: 'is not a known field' }))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [closest] = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)
    if (depth(closest) > 0) return closest.flatMap((each) => itemsOf(each, path))
    const messages = issue.errors.flatMap((branch) => branch.map((each) => each.message))
    return [{ pointer: pointerTo(path), message: [...new Set(messages)].join(', or ') }]
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ pointer: pointerTo(path), message: `the name ${message}` }))
  }
  return [{ pointer: pointerTo(path), message: issue.message }]
}

function depth(branch: readonly Issue[]): number {
  return Math.max(
    0,
    ...branch.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)),
  )
}
