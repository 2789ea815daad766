import type { z } from 'zod'
import { didYouMean } from '../base/similar-names.js'

type Issue = z.core.$ZodRawIssue

/** Words a validation issue for clients instead of the schema library's text; undefined keeps the text of the schema. */
export function issueMessage(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wrongTypeMessage(issue.expected, issue.input)
    case 'invalid_value':
      return `must be ${listAlternatives(issue.values)}${suggestion(issue.input, issue.values)}`
    case 'too_small':
      return boundMessage(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least')
    case 'too_big':
      return boundMessage(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most')
    case 'invalid_union':
      return Array.isArray(issue.options)
        ? `must be ${listAlternatives(issue.options)}${suggestion(discriminatorValue(issue), issue.options)}`
        : undefined
    default:
      return undefined
  }
}

const kinds: Record<string, string> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
}

function wrongTypeMessage(expected: string, input: unknown): string {
  const wanted = kinds[expected] ?? expected
  if (input === undefined) return `is missing: ${wanted} is needed`
  if (typeof input === 'number' && !Number.isFinite(input)) return 'is beyond the range of numbers'
  if (expected === 'int' && typeof input === 'number') return `must be a whole number, not ${input}`
  return `must be ${wanted}, not ${describeInput(input)}`
}

function describeInput(input: unknown): string {
  if (input === null) return 'null'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'string') return input.length > 20 ? 'text' : `the text ${JSON.stringify(input)}`
  return typeof input === 'object' ? 'an object' : String(input)
}

/** The value of the request in the field that selects the branch of a union. */
function discriminatorValue({ input, discriminator }: Issue): unknown {
  if (typeof discriminator !== 'string' || typeof input !== 'object' || input === null) return undefined
  return Object.getOwnPropertyDescriptor(input, discriminator)?.value
}

function suggestion(input: unknown, values: readonly unknown[]): string {
  if (typeof input !== 'string') return ''
  return didYouMean(
    input,
    values.filter((value) => typeof value === 'string'),
  )
}

function listAlternatives(values: readonly unknown[]): string {
  const texts = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  const [first] = texts
  return texts.length === 1 ? first : `one of ${texts.join(', ')}`
}

const contents: Record<string, string> = { string: 'character', array: 'item' }

function boundMessage(origin: string, bound: number | bigint, relation: string): string {
  const content = contents[origin]
  if (content === undefined) return `must be ${relation} ${bound}`
  return `must have ${relation} ${bound} ${content}${bound === 1 ? '' : 's'}`
}
