/** Schemas of query parameters, which arrive as text. */
import { z } from 'zod'
import { idSchema } from '../contract/ids.js'
import { type LabelFilter, labelLimits, tagSchema } from '../contract/labels.js'
import { text } from '../contract/text.js'

export function integerParameter(minimum: number, maximum: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum))
}

export const positionParameter = integerParameter(0, 2 ** 31 - 1)

/** Ids of jobs, separated by commas. */
export function jobIdsParameter(maximum: number) {
  return z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(idSchema('job')).max(maximum).refine(areDistinct, repeatedJob))
}

/** Ids of jobs, separated by commas, each optionally with an epoch to start after: `job_…:120,job_…`. */
export function jobPositionsParameter(maximum: number) {
  const position = z.object({ id: idSchema('job'), after: positionParameter })
  return z
    .string()
    .transform((list) => list.split(',').map(readPosition))
    .pipe(
      z
        .array(position)
        .max(maximum)
        .refine((positions) => areDistinct(positions.map(({ id }) => id)), repeatedJob),
    )
}

function readPosition(text: string): { id: string; after: string } {
  const colon = text.indexOf(':')
  return colon === -1 ? { id: text, after: '0' } : { id: text.slice(0, colon), after: text.slice(colon + 1) }
}

const repeatedJob = 'contains a job twice'
const areDistinct = (ids: readonly string[]) => new Set(ids).size === ids.length

export const pageParameters = {
  limit: integerParameter(1, 100)
    .optional()
    .describe('maximum number of items a page, 20 by default; pages of large items are shorter'),
  after: text(100).optional().describe('`lastId` of the previous page, or the id of an item of the list'),
}

const oneOrSeveral = <T extends z.ZodType<string, string>>(item: T) =>
  z.union([item.transform((one) => [one]), z.array(item).max(labelLimits.tags)])

const pairParameter = text(labelLimits.keyCharacters + 1 + labelLimits.valueCharacters).regex(
  /^[^=]+=/s,
  'must be key=value',
)

/** Filters of lists. */
export const labelParameters = {
  name: text(labelLimits.nameCharacters)
    .min(1)
    .optional()
    .describe('only items whose name or id contains this text'),
  tag: oneOrSeveral(tagSchema).optional().describe('only items with this tag; may be repeated for several'),
  metadata: oneOrSeveral(pairParameter)
    .optional()
    .describe('only items with this pair: `metadata=key=value`, split at the first `=`; may be repeated'),
}

export function readLabels({
  tag = [],
  metadata = [],
}: {
  tag?: string[] | undefined
  metadata?: string[] | undefined
}): LabelFilter {
  const split = (pair: string) =>
    [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const
  return { tags: tag, metadata: metadata.map(split) }
}

export const defaultLimit = 20
