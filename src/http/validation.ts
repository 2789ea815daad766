/** Requests are checked by the Zod schemas of their routes; what does not fit is told place by place. */
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { didYouMean } from '../base/similar-names.js'
import { Problem, type ProblemItem, pointerTo } from '../contract/problems.js'
import { fieldsAt, parentsOf } from './schema-fields.js'
import { inWords } from './words.js'

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data) => {
    if (typeof data === 'object' && data !== null && checkedBodies.has(data)) return { value: data }
    const value = readBySchema(schema, data, httpPart ?? 'request')
    return value instanceof Problem ? { error: value } : { value }
  }
}

/** Large bodies, which a thread has read and checked. */
const checkedBodies = new WeakSet<object>()

export function markChecked(body: object): void {
  checkedBodies.add(body)
}

/** Places of a refusal that are told. */
const mostTold = 100

/** What the schema makes of the data, or why it does not fit. */
export function readBySchema<T>(schema: z.ZodType<T>, data: unknown, part: string): T | Problem {
  const plain = schema.safeParse(data)
  if (plain.success) return plain.data
  // Zod takes longer for what is right, too, when it is to look for words.
  const { error = plain.error } = schema.safeParse(data, { error: inWords, reportInput: true })
  return invalidRequest(error, part, { schema, data })
}

/** The same. @throws Problem when it does not fit */
export function validate<T>(schema: z.ZodType<T>, data: unknown, part: string): T {
  const value = readBySchema(schema, data, part)
  if (value instanceof Problem) throw value
  return value
}

/** What was checked, and against what. */
interface Checked {
  schema: z.ZodType
  data: unknown
}

function invalidRequest(error: z.ZodError, part: string, checked: Checked): Problem {
  const items = told(error.issues, checked)
  const [first] = items
  const where = first === undefined || first.pointer === '' ? `the ${part}` : first.pointer
  const more = items.length > 1 ? ` (and ${items.length === mostTold ? 'many' : items.length - 1} more)` : ''
  return new Problem('invalid-request', `${where}: ${first?.message ?? 'does not fit'}${more}`, items)
}

/** The first places. Two rules of one schema may say the same of the same place. */
function told(issues: readonly Issue[], checked: Checked): ProblemItem[] {
  const items = new Map<string, ProblemItem>()
  for (const issue of issues) {
    for (const item of itemsOf(issue, [], checked)) {
      items.set(`${item.pointer} ${item.message}`, item)
      if (items.size === mostTold) return [...items.values()]
    }
  }
  return [...items.values()]
}

type Issue = z.core.$ZodIssue

/** One item a place: unknown fields are named each, and of a union the branch that came closest is told. */
function itemsOf(issue: Issue, above: readonly PropertyKey[], checked: Checked): ProblemItem[] {
  const path = [...above, ...issue.path]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = fieldsAt(checked.schema, path, checked.data)
      return issue.keys.slice(0, mostTold).map((key) => ({
        pointer: pointerTo([...path, key]),
        message: `is not a known field${didYouMean(key, known) || placeOf(key, path, checked)}`,
      }))
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ pointer: pointerTo(path), message: `the name ${message}` }))
    case 'invalid_union':
      if (issue.errors.length > 0) return itemsOfUnion(issue.errors, path, checked)
  }
  return [{ pointer: pointerTo(path), message: issue.message }]
}

/** Where the field is known, when that is one level deeper. */
function placeOf(key: string, path: readonly PropertyKey[], { schema, data }: Checked): string {
  const [parent] = parentsOf(key, schema, path, data)
  return parent === undefined ? '' : ` here: it is one of "${parent}"`
}

const suggestion = /; did you mean "[^"]*"\?$/

function itemsOfUnion(
  branches: readonly Issue[][],
  path: readonly PropertyKey[],
  checked: Checked,
): ProblemItem[] {
  const [closest] = branches.toSorted((a, b) => reach(b) - reach(a) || faults(a) - faults(b))
  if (reach(closest) >= 0) return closest.slice(0, mostTold).flatMap((issue) => itemsOf(issue, path, checked))
  const messages = branches.flatMap((branch) => branch.slice(0, mostTold).map((issue) => issue.message))
  const [meant = ''] = messages.flatMap((message) => suggestion.exec(message)?.[0] ?? [])
  const rules = [...new Set(messages.map((message) => message.replace(suggestion, '')))]
  return [{ pointer: pointerTo(path), message: `${rules.join(', or ')}${meant}` }]
}

/** How deep into the value a branch of a union got; −1 when the value was of another kind altogether. */
function reach(branch: readonly Issue[]): number {
  return branch.reduce((furthest, { code, path, input }) => {
    const ofAnotherKind = path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
    const isAbsent = input === undefined && code === 'invalid_type'
    const far = ofAnotherKind || isAbsent || code === 'invalid_union' ? path.length - 1 : path.length
    return Math.max(furthest, far)
  }, Number.NEGATIVE_INFINITY)
}

/** A wrong discriminator hides faults behind it, so it counts double. */
function faults(branch: readonly Issue[]): number {
  return branch.reduce((sum, { code }) => sum + (code === 'invalid_union' ? 2 : 1), 0)
}
