/** What clients note about jobs and models: names, notes, tags and metadata. */
import { z } from 'zod'
import { text } from './text.js'

export const labelLimits = {
  nameCharacters: 200,
  notesCharacters: 10_000,
  tags: 16,
  tagCharacters: 64,
  pairs: 16,
  keyCharacters: 64,
  valueCharacters: 512,
} as const

export const tagSchema = text(labelLimits.tagCharacters).min(1)
const metadataKeySchema = text(labelLimits.keyCharacters).min(1)
const metadataValueSchema = text(labelLimits.valueCharacters)
const maximumPairs = `at most ${labelLimits.pairs} pairs`

export const metadataSchema = z
  .record(metadataKeySchema, metadataValueSchema)
  .refine((pairs) => Object.keys(pairs).length <= labelLimits.pairs, maximumPairs)

const tagsSchema = z
  .array(tagSchema)
  .max(labelLimits.tags)
  .refine((tags) => new Set(tags).size === tags.length, 'contains a tag twice')

/** In jobs and models. */
export const labelsSchema = z.object({
  notes: z.string().nullable().describe('text of a client about the object'),
  tags: z.array(z.string()).describe('texts that lists filter by'),
  metadata: z.record(z.string(), z.string()).describe('pairs of text of a client'),
})
type Labels = z.infer<typeof labelsSchema>

/** The fields of a PATCH. Fields that are left out stay as they are. */
export const labelChangeFields = {
  name: text(labelLimits.nameCharacters).min(1).nullable().optional().describe('null removes it'),
  notes: text(labelLimits.notesCharacters).nullable().optional().describe('null removes them'),
  tags: tagsSchema.optional().describe(`replace all tags; at most ${labelLimits.tags}`),
  metadata: z
    .record(metadataKeySchema, metadataValueSchema.nullable())
    .refine((pairs) => Object.keys(pairs).length <= 2 * labelLimits.pairs, maximumPairs)
    .optional()
    .describe(
      `pairs to set; null removes a key, other keys stay; at most ${labelLimits.pairs} pairs afterwards`,
    ),
}
const labelChangeSchema = z.object(labelChangeFields)
export type LabelChange = z.infer<typeof labelChangeSchema>

export const hasAField = (change: object) => Object.values(change).some((value) => value !== undefined)
export const noField = 'must have at least one field'

/** The metadata after a change. Null if it would have too many pairs. */
export function changedMetadata(
  before: Labels['metadata'],
  change: LabelChange['metadata'],
): Labels['metadata'] | null {
  const pairs = { ...before, ...change }
  const left = Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== null)
  return left.length > labelLimits.pairs ? null : Object.fromEntries(left)
}

/** Criteria of a list. All must match. */
export interface LabelFilter {
  tags: readonly string[]
  /** Key and value. */
  metadata: readonly (readonly [string, string])[]
}
