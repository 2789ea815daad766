/** Response schemas that several routes share. */
import { z } from 'zod'
import { problemSchema } from '../contract/problems.js'
import { text } from '../contract/text.js'
import type { Page } from '../training/ports/pages.js'

const failure = {
  description: 'The request is invalid or not allowed (4xx), or the service cannot answer (5xx)',
  content: { 'application/problem+json': { schema: problemSchema } },
}

/** The error responses of every route. */
export const failures = { '4xx': failure, '5xx': failure }

export function listSchema<T extends z.ZodType>(item: T) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    hasMore: z.boolean(),
    lastId: z
      .string()
      .nullable()
      .describe('pass as `after` for the next page; it stays valid if the item is deleted'),
  })
}

export function toList<T>(page: Page<T>) {
  return { object: 'list' as const, ...page }
}

export const idParameters = z.object({ id: text(100) })
