/** Shapes that several routes answer with. */
import { z } from 'zod'
import { problemSchema } from '../contract/problems.js'
import { text } from '../contract/text.js'
import type { Page } from '../training/ports/pages.js'

const problemContent = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})

/** The failures any route can meet, for the documentation and the serializer. */
export const failures = {
  '4xx': problemContent('The request cannot be answered as it stands'),
  '5xx': problemContent('The service could not answer'),
}

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    hasMore: z.boolean(),
    lastId: z
      .string()
      .nullable()
      .describe(
        'pass as `after` for the next page; a place in the list, which stays when the item there is deleted',
      ),
  })
}

export function toList<T>(page: Page<T>) {
  return { object: 'list' as const, ...page }
}

export const idParameters = z.object({ id: text(100) })
