/**
 * Drafts of large models and checkpoints. Each chunk is committed alone, and nobody reads the chunks of a
 * draft. The transaction that stores the model or checkpoint deletes the row of the draft, and does not
 * touch the chunks. The reconciler deletes unfinished drafts.
 *
 *   begin ──► chunk, chunk, … ──► finish (in the transaction of the owner)
 *                  └── claim lost, worker dead, error ──► deleted
 */
import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'
import type { Bytes } from '../training/ports/bytes.js'
import type { Claim } from '../training/ports/runs.js'
import { cut, toBuffer, totalLength } from './bytes.js'
import type { Database } from './database.js'
import { WrittenObjects } from './deleted-objects.js'
import { type Chunk, place } from './object-store.js'
import { type Connection, idRow, noRow, send, statement, transaction } from './statements.js'
import { acceptsProgress } from './transitions.js'

export interface Draft {
  id: string
  /** The sequence of the future checkpoint. */
  sequence: number | null
  sha256: string
}

/** The future owner: a model with that id, or the next checkpoint of the job, whose hash begins with `text`. */
type DraftTarget = { modelId: string } | { text: string }

const holds = `"Job".id = $1 AND "Job".attempt = $2::int AND ${acceptsProgress('"Job".status')}`

/** The sequence of the next checkpoint of job $1. */
export const nextSequence = `(SELECT coalesce(max(sequence), 0) + 1 FROM (
    SELECT sequence FROM "Checkpoint" WHERE "jobId" = $1 UNION ALL SELECT sequence FROM "Draft" WHERE "jobId" = $1
  ) AS taken)`

const beginStatement = statement(
  'beginDraft',
  z.strictObject({ id: z.string(), sequence: z.int().nullable() }),
  `
    INSERT INTO "Draft" ("jobId", attempt, "modelId", sequence, bytes)
    SELECT "Job".id, "Job".attempt, $3::text, CASE WHEN $3::text IS NULL THEN ${nextSequence} END,
      CASE WHEN $3::text IS NULL THEN $4::float8 ELSE 0 END
    FROM "Job" WHERE ${holds} RETURNING id, sequence`,
)

/** The claim must hold, and the draft must exist. The update of the row checks both. */
const touch = `
    WITH touched AS (
      UPDATE "Draft" SET "touchedAt" = now() FROM "Job"
      WHERE "Draft".id = $1::bigint AND "Job".id = "Draft"."jobId" AND "Job".attempt = "Draft".attempt
        AND ${acceptsProgress('"Job".status')}
      RETURNING "Draft"."jobId", "modelId", sequence
    )`

const writeStatements = {
  model: statement(
    'writeWeightChunk',
    z.strictObject({ index: z.int() }),
    `${touch} INSERT INTO "WeightChunk" ("modelId", index, bytes, object)
      SELECT "modelId", $2::int, $3::bytea, $4::text FROM touched RETURNING index`,
  ),
  checkpoint: statement(
    'writeCheckpointChunk',
    z.strictObject({ index: z.int() }),
    `${touch} INSERT INTO "CheckpointChunk" ("jobId", sequence, index, bytes, object)
      SELECT "jobId", sequence, $2::int, $3::bytea, $4::text FROM touched RETURNING index`,
  ),
}

/** Writes and commits the chunks in order. Null if the claim no longer holds. */
export async function writeDraft(
  { pool, objects }: Pick<Database, 'pool' | 'objects'>,
  { jobId, attempt }: Claim,
  of: DraftTarget,
  bytes: Bytes,
): Promise<Draft | null> {
  const isModel = 'modelId' in of
  if (isModel) await dropEarlier(pool, of.modelId)
  const values = [jobId, attempt, isModel ? of.modelId : null, totalLength(bytes)]
  const [begun] = await send(pool, beginStatement, values)
  if (begun === undefined) return null
  const { id, sequence } = begun
  const hash = createHash('sha256').update(isModel ? '' : of.text)
  const statement = isModel ? writeStatements.model : writeStatements.checkpoint
  const folder = isModel ? (`weights/${of.modelId}` as const) : (`checkpoints/${jobId}/${sequence}` as const)
  const written = new WrittenObjects(pool)
  try {
    for await (const placed of place(objects, folder, hashed(cut(bytes), hash), written.add)) {
      const { chunk, object } = placed
      const rows = await send(pool, statement, [
        id,
        chunk.index,
        placed.bytes && toBuffer(placed.bytes),
        object,
      ])
      if (rows.length > 0) {
        written.isNamed(object)
        continue
      }
      await dropDraft({ pool }, id)
      return null
    }
  } catch (error) {
    await dropDraft({ pool }, id)
    throw error
  } finally {
    await written.discard()
  }
  return { id, sequence, sha256: hash.digest('hex') }
}

function* hashed(chunks: Iterable<Chunk>, hash: Hash): Generator<Chunk> {
  for (const chunk of chunks) {
    hash.update(chunk.bytes)
    yield chunk
  }
}

const finishStatement = statement(
  'finishDraft',
  idRow,
  'DELETE FROM "Draft" WHERE id = $1::bigint RETURNING id',
)

/**
 * When this transaction commits, the chunks belong to the owner.
 * @throws Error if the draft was deleted
 */
export async function finishDraft(client: Connection, { id }: Draft): Promise<void> {
  const finished = await send(client, finishStatement, [id])
  if (finished.length === 0) throw new Error(`draft ${id} was deleted before it was finished`)
}

/** Before the draft, because its trigger writes the row of the job, as the transaction that stores a model does first. */
const lockJobStatement = statement(
  'lockJobOfDraft',
  idRow,
  'SELECT id FROM "Job" WHERE id = (SELECT "jobId" FROM "Draft" WHERE id = $1::bigint) FOR NO KEY UPDATE',
)

const deleteStatement = statement(
  'deleteDraft',
  z.strictObject({ jobId: z.string(), modelId: z.string().nullable(), sequence: z.int().nullable() }),
  'DELETE FROM "Draft" WHERE id = $1::bigint RETURNING "jobId", "modelId", sequence',
)

const deleteChunksStatement = statement(
  'deleteDraftChunks',
  noRow,
  `
    WITH weights AS (DELETE FROM "WeightChunk" WHERE "modelId" = $1)
    DELETE FROM "CheckpointChunk" WHERE "jobId" = $2 AND sequence = $3::int`,
)

const earlierStatement = statement('earlierDraft', idRow, 'SELECT id FROM "Draft" WHERE "modelId" = $1')

/** Deletes the draft of an earlier attempt to write the same model, which the loss of the database interrupted. */
async function dropEarlier(pool: Database['pool'], modelId: string): Promise<void> {
  for (const { id } of await send(pool, earlierStatement, [modelId])) await deleteDraft(pool, id)
}

/** Ignores errors; the reconciler deletes the rest. */
export async function dropDraft({ pool }: Pick<Database, 'pool'>, id: string): Promise<void> {
  await deleteDraft(pool, id).catch(() => {})
}

/** Two deletions, because the second one must see the chunks of a writer that held the row before the first. */
async function deleteDraft(pool: Database['pool'], id: string): Promise<void> {
  await transaction(pool, async (client) => {
    await send(client, lockJobStatement, [id])
    const [draft] = await send(client, deleteStatement, [id])
    if (draft === undefined) return
    await send(client, deleteChunksStatement, [draft.modelId, draft.jobId, draft.sequence])
  })
}

/** Longer than any chunk takes to write. */
const staleMinutes = 15

const leftoversStatement = statement(
  'leftoverDrafts',
  idRow,
  `
    SELECT "Draft".id FROM "Draft"
    WHERE "touchedAt" < now() - interval '${staleMinutes} minutes' OR NOT EXISTS (
      SELECT FROM "Job" WHERE "Job".id = "Draft"."jobId" AND "Job".attempt = "Draft".attempt
        AND ${acceptsProgress('"Job".status')})
    ORDER BY "Draft".id`,
)

export function draftStore({ pool }: Pick<Database, 'pool'>): { cleanUp(): Promise<void> } {
  return {
    /** Deletes drafts whose claim no longer holds, and stale ones. */
    async cleanUp() {
      for (const { id } of await send(pool, leftoversStatement, [])) await deleteDraft(pool, id)
    },
  }
}
