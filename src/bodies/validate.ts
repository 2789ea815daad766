/** Validates values by Zod schemas, and reports each invalid field. */
import type { z } from 'zod'
import { didYouMean } from '../base/similar-names.js'
import { Problem, type ProblemItem, pointerTo } from '../contract/problems.js'
import { issueMessage } from './issue-message.js'
import { fieldsAt, findParents } from './schema-fields.js'

/** Maximum number of reported fields. */
export const maximumItems = 100

/** Returns the parsed data, or the Problem `invalid-request`. */
export function parseBySchema<T>(schema: z.ZodType<T>, data: unknown, part: string): T | Problem {
  const result = schema.safeParse(data)
  if (result.success) return result.data
  // Custom messages slow Zod down for valid data too, so only invalid data is parsed with them.
  const { error = result.error } = schema.safeParse(data, { error: issueMessage, reportInput: true })
  return invalidRequest(error, part, { schema, data })
}

/** Returns the parsed data. @throws Problem `invalid-request` */
export function validate<T>(schema: z.ZodType<T>, data: unknown, part: string): T {
  const value = parseBySchema(schema, data, part)
  if (value instanceof Problem) throw value
  return value
}

interface Validated {
  schema: z.ZodType
  data: unknown
}

function invalidRequest(error: z.ZodError, part: string, validated: Validated): Problem {
  const items = problemItems(error.issues, validated)
  const [first] = items
  const where = first === undefined || first.pointer === '' ? `the ${part}` : first.pointer
  const more =
    items.length > 1 ? ` (and ${items.length === maximumItems ? 'many' : items.length - 1} more)` : ''
  return new Problem('invalid-request', `${where}: ${first?.message ?? 'does not fit'}${more}`, items)
}

/** The first `maximumItems` items, without duplicates: two rules may report the same field. */
function problemItems(issues: readonly Issue[], validated: Validated): ProblemItem[] {
  const items = new Map<string, ProblemItem>()
  for (const issue of issues) {
    for (const item of toItems(issue, [], validated)) {
      items.set(`${item.pointer} ${item.message}`, item)
      if (items.size === maximumItems) return [...items.values()]
    }
  }
  return [...items.values()]
}

type Issue = z.core.$ZodIssue

/** Reports each unknown field, and the closest branch of a union. */
function toItems(issue: Issue, above: readonly PropertyKey[], validated: Validated): ProblemItem[] {
  const path = [...above, ...issue.path]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const fields = fieldsAt(validated.schema, path, validated.data)
      return issue.keys.slice(0, maximumItems).map((key) => ({
        pointer: pointerTo([...path, key]),
        message: `is not a known field${didYouMean(key, fields) || parentHint(key, path, validated)}`,
      }))
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ pointer: pointerTo(path), message: `the name ${message}` }))
    case 'invalid_union':
      if (issue.errors.length > 0) return itemsOfUnion(issue.errors, path, validated)
  }
  return [{ pointer: pointerTo(path), message: issue.message }]
}

/** Names the sibling field that contains the key, if there is one. */
function parentHint(key: string, path: readonly PropertyKey[], { schema, data }: Validated): string {
  const [parent] = findParents(key, schema, path, data)
  return parent === undefined ? '' : ` here: it is one of "${parent}"`
}

const suggestion = /; did you mean "[^"]*"\?$/

function itemsOfUnion(
  branches: readonly Issue[][],
  path: readonly PropertyKey[],
  validated: Validated,
): ProblemItem[] {
  const [closest] = branches.toSorted((a, b) => reach(b) - reach(a) || faults(a) - faults(b))
  if (reach(closest) >= 0)
    return closest.slice(0, maximumItems).flatMap((issue) => toItems(issue, path, validated))
  const messages = branches.flatMap((branch) => branch.slice(0, maximumItems).map((issue) => issue.message))
  const [meant = ''] = messages.flatMap((message) => suggestion.exec(message)?.[0] ?? [])
  const rules = [...new Set(messages.map((message) => message.replace(suggestion, '')))]
  return [{ pointer: pointerTo(path), message: `${rules.join(', or ')}${meant}` }]
}

/** Returns how deep a branch of a union matches; −1 if the value has another type. */
function reach(branch: readonly Issue[]): number {
  return branch.reduce((deepest, { code, path, input }) => {
    const isOtherType = path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
    const isAbsent = input === undefined && code === 'invalid_type'
    const depth = isOtherType || isAbsent || code === 'invalid_union' ? path.length - 1 : path.length
    return Math.max(deepest, depth)
  }, Number.NEGATIVE_INFINITY)
}

/** A wrong discriminator hides further faults, so it counts twice. */
function faults(branch: readonly Issue[]): number {
  return branch.reduce((sum, { code }) => sum + (code === 'invalid_union' ? 2 : 1), 0)
}
