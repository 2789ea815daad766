/** Changes and lists of what clients note about jobs and models. Triggers keep "Label", by which they are listed. */
import { z } from 'zod'
import { changedMetadata, type LabelChange, type LabelFilter, labelLimits } from '../contract/labels.js'
import { Problem } from '../contract/problems.js'
import type { Database, Prisma } from './database.js'
import type { Position } from './pages.js'
import { query, type Statement, statement } from './statements.js'

const positionRow = z.strictObject({ id: z.string(), createdAt: z.date() })
const metadataRow = z.strictObject({ metadata: z.record(z.string(), z.string()).nullable() })

/**
 * $1 tenant, $2 key and $3 value of a label, $4 and $5 the position after which the page begins, $6 and $7 keys and values of
 * further labels, $8 pattern of the name or id, $9 status, $10 limit, $11 whether to omit jobs that only repeat another. Null
 * for no condition.
 */
const labelled = (kind: 'job' | 'model', table: string, hasStatus: string, isOwn: string) => `
    SELECT item.id, item."createdAt" FROM "Label" AS one JOIN "${table}" AS item ON item.id = one."itemId"
    WHERE one."tenantId" = $1 AND one.label = "hashLabel"('${kind}', $2, $3)
      AND (one."createdAt", one."itemId") < (coalesce($4::timestamptz, 'infinity'), coalesce($5, ''))
      AND NOT EXISTS (
        SELECT FROM unnest($6::text[], $7::text[]) AS other(key, value) WHERE NOT EXISTS (
          SELECT FROM "Label" AS also WHERE also."tenantId" = one."tenantId"
            AND also.label = "hashLabel"('${kind}', other.key, other.value)
            AND also."createdAt" = one."createdAt" AND also."itemId" = one."itemId"))
      AND ($8::text IS NULL OR item.name ILIKE $8 OR item.id ILIKE $8) AND ($9::text IS NULL OR ${hasStatus})
      AND ($11::bool IS NULL OR ${isOwn})
    ORDER BY one."createdAt" DESC, one."itemId" DESC LIMIT $10::int`

const lists: Record<'job' | 'model', Statement<Position>> = {
  job: statement(
    'labelledJobs',
    positionRow,
    labelled('job', 'Job', 'item.status::text = $9', 'item."forkEpoch" IS DISTINCT FROM item.epochs'),
  ),
  model: statement('labelledModels', positionRow, labelled('model', 'Model', '$9 IS NULL', '$11 IS NULL')),
}

const locks: Record<'job' | 'model', Statement<z.infer<typeof metadataRow>>> = {
  job: statement('lockJobLabels', metadataRow, lockMetadata('Job')),
  model: statement('lockModelLabels', metadataRow, lockMetadata('Model')),
}

function lockMetadata(table: string): string {
  return `SELECT metadata FROM "${table}" WHERE id = $1 AND "tenantId" = $2 FOR NO KEY UPDATE`
}

interface Listed {
  tenantId: string
  after: Position | null
  labels: LabelFilter
  name?: string | undefined
  status?: string | undefined
  omitsRepeated?: boolean
  limit: number
}

export const hasLabels = ({ tags, metadata }: LabelFilter) => tags.length + metadata.length > 0

/** Ids and positions of the items with all of these labels, newest first; at least one label. */
export function listLabelled(database: Database, kind: 'job' | 'model', listed: Listed): Promise<Position[]> {
  const { tenantId, after, labels, name, status, limit, omitsRepeated = false } = listed
  const pairs: (readonly [string, string])[] = [
    ...labels.tags.map((tag) => ['', tag] as const),
    ...labels.metadata,
  ]
  const [first, ...others] = pairs
  return query(database, lists[kind], [
    tenantId,
    ...first,
    after?.createdAt ?? null,
    after?.id ?? null,
    others.map(([key]) => key),
    others.map(([, value]) => value),
    name === undefined ? null : `%${escapePattern(name)}%`,
    status ?? null,
    limit,
    omitsRepeated ? true : null,
  ])
}

/** Escapes the wildcards of LIKE. */
const escapePattern = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/**
 * The columns to write, after a lock of the row. Null if there is no such row.
 * @throws Problem `invalid-request` if there would be too many pairs of metadata
 */
export async function changedLabels(
  client: Prisma.TransactionClient,
  kind: 'job' | 'model',
  { id, tenantId }: { id: string; tenantId: string },
  { name, notes, tags, metadata }: LabelChange,
) {
  const [row] = await query(client, locks[kind], [id, tenantId])
  if (row === undefined) return null
  const merged = metadata === undefined ? undefined : changedMetadata(row.metadata ?? {}, metadata)
  if (merged === null) {
    const message = `must have at most ${labelLimits.pairs} pairs after the change: set others to null`
    throw new Problem('invalid-request', `/metadata: ${message}`, [{ pointer: '/metadata', message }])
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(notes === undefined ? {} : { notes }),
    ...(tags === undefined ? {} : { tags }),
    ...(merged === undefined ? {} : { metadata: merged }),
  }
}

/** A condition of Prisma: the name or id contains a text. */
export function namedLike(name: string | undefined) {
  if (name === undefined) return {}
  const wanted = { contains: escapePattern(name), mode: 'insensitive' } as const
  return { OR: [{ name: wanted }, { id: wanted }] }
}
