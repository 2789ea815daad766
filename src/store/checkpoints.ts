/**
 * Checkpoints. The two most recent of a job are kept, each with a checksum. Their bytes are deleted when the
 * job is finished.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { checkpointHeaderSchema } from '../contract/checkpoint.js'
import { finishedStatuses } from '../contract/job-status.js'
import type { Checkpoint, StoredCheckpoint } from '../training/ports/checkpoints.js'
import type { Claim } from '../training/ports/runs.js'
import {
  cut,
  hashSha256,
  maximumDirectBytes,
  pieceOfColumn,
  pieceRow,
  readChunks,
  toBuffer,
  totalLength,
} from './bytes.js'
import type { Database } from './database.js'
import { type Draft, finishDraft, nextSequence, writeDraft } from './drafts.js'
import { type Connection, idRow, noRow, send, statement } from './statements.js'

const insertStatement = statement(
  'insertCheckpoint',
  z.strictObject({ sequence: z.int() }),
  `
    INSERT INTO "Checkpoint" ("jobId", sequence, epoch, step, backend, header, sha256, bytes)
    SELECT $1, coalesce($7::int, ${nextSequence}), $2::int, $3::int, $4, $5::jsonb, $6,
      $8::float8 + octet_length($5::jsonb::text)
    RETURNING sequence`,
)

const insertChunkStatement = statement(
  'insertCheckpointChunk',
  noRow,
  'INSERT INTO "CheckpointChunk" ("jobId", sequence, index, bytes) VALUES ($1, $2::int, $3::int, $4::bytea)',
)

/**
 * Writes the chunks of a large checkpoint before the transaction that stores it. Null if the claim no longer
 * holds.
 */
export async function draftCheckpoint(
  database: Pick<Database, 'pool'>,
  claim: Claim,
  checkpoint: Checkpoint,
): Promise<Draft | 'small' | null> {
  const { bytes } = checkpoint
  if (totalLength(bytes) <= maximumDirectBytes) return 'small'
  return writeDraft(database, claim, { text: hashedText(checkpoint) }, bytes)
}

/** Called in the transaction that stores the epochs before the checkpoint. */
export async function insertCheckpoint(
  client: Connection,
  jobId: string,
  checkpoint: Checkpoint,
  draft: Draft | 'small',
): Promise<void> {
  const { bytes, epoch, step, backend, header } = checkpoint
  const isSmall = draft === 'small'
  const sha256 = isSmall ? hashSha256(bytes, hashedText(checkpoint)) : draft.sha256
  if (!isSmall) await finishDraft(client, draft)
  const values = [
    jobId,
    epoch,
    step,
    backend,
    JSON.stringify(header),
    sha256,
    isSmall ? null : draft.sequence,
    totalLength(bytes),
  ]
  const [{ sequence }] = await send(client, insertStatement, values)
  if (!isSmall) return
  for (const chunk of cut(bytes)) {
    await send(client, insertChunkStatement, [jobId, sequence, chunk.index, toBuffer(chunk.bytes)])
  }
}

const makeRoomStatement = statement(
  'deleteOldCheckpoints',
  noRow,
  `
    WITH job AS MATERIALIZED (SELECT id FROM "Job" WHERE id = $1 FOR NO KEY UPDATE)
    DELETE FROM "Checkpoint" USING job WHERE "jobId" = job.id AND sequence < (
      SELECT sequence FROM "Checkpoint" WHERE "jobId" = $1 ORDER BY sequence DESC OFFSET 1 LIMIT 1)`,
)

/**
 * Deletes all but the two most recent checkpoints, after the transaction that stored the last one, because
 * deleting many bytes takes long. The next checkpoint retries after an error.
 */
export async function deleteOldCheckpoints({ pool }: Pick<Database, 'pool'>, jobId: string): Promise<void> {
  await send(pool, makeRoomStatement, [jobId]).catch(() => {})
}

/** Locks the row of the job first, as a deletion of the job does, so that the two cannot deadlock. */
const deleteBytesStatement = statement(
  'deleteCheckpointBytes',
  noRow,
  `
    WITH ended AS MATERIALIZED (
      SELECT id FROM "Job" WHERE id = $1 AND status = ANY($2::"JobStatus"[]) FOR NO KEY UPDATE
    ), emptied AS (
      UPDATE "Checkpoint" SET bytes = 0, header = '{}' FROM ended WHERE "jobId" = ended.id AND bytes > 0
      RETURNING "jobId", sequence
    )
    DELETE FROM "CheckpointChunk" USING emptied
    WHERE "CheckpointChunk"."jobId" = emptied."jobId" AND "CheckpointChunk".sequence = emptied.sequence`,
)

/** A finished job does not need its checkpoints. After an error, the cleanup deletes them. */
export async function deleteCheckpointBytes({ pool }: Pick<Database, 'pool'>, jobId: string): Promise<void> {
  await send(pool, deleteBytesStatement, [jobId, finishedStatuses]).catch(() => {})
}

const endedStatement = statement(
  'endedCheckpoints',
  idRow,
  `
    SELECT DISTINCT "Job".id FROM "Checkpoint" JOIN "Job" ON "Job".id = "jobId"
    WHERE bytes > 0 AND status = ANY($1::"JobStatus"[]) ORDER BY "Job".id`,
)

/** Deletes the bytes of the checkpoints of all finished jobs. */
export async function cleanUpCheckpoints({ pool }: Pick<Database, 'pool'>): Promise<void> {
  for (const { id } of await send(pool, endedStatement, [finishedStatuses])) {
    await send(pool, deleteBytesStatement, [id, finishedStatuses])
  }
}

/** $1 job, $2 sequence, $3 chunk, $4 offset. */
const chunkStatement = statement(
  'checkpointChunk',
  pieceRow,
  `SELECT ${pieceOfColumn('bytes', '$4')} FROM "CheckpointChunk"
    WHERE "jobId" = $1 AND sequence = $2::int AND index = $3::int`,
)

const readBytes = (pool: Connection, jobId: string, sequence: number) =>
  readChunks(async (index, offset) => {
    const [piece] = await send(pool, chunkStatement, [jobId, sequence, index, offset])
    return piece
  })

/**
 * The most recent undamaged checkpoint, or null. Reads the bytes of each once to verify its checksum, and
 * keeps none in memory.
 */
export async function readCheckpoint(
  database: Database,
  jobId: string,
  onDamage: (message: string) => void,
): Promise<StoredCheckpoint | null> {
  const rows = await database.checkpoint.findMany({ where: { jobId }, orderBy: { sequence: 'desc' } })
  for (const { sequence, epoch, step, backend, header, sha256 } of rows) {
    const parsed = checkpointHeaderSchema.safeParse(header)
    const chunks = () => readBytes(database.pool, jobId, sequence)
    if (parsed.success) {
      const head = { epoch, step, backend, header: parsed.data }
      const hash = createHash('sha256').update(hashedText(head))
      let length = 0
      for await (const chunk of chunks()) {
        hash.update(chunk)
        length += chunk.length
      }
      if (hash.digest('hex') === sha256) return { ...head, length, chunks }
    }
    onDamage(`checkpoint ${sequence} of job ${jobId} is damaged and was skipped`)
  }
  return null
}

/**
 * The text that is hashed before the bytes: all other contents of a checkpoint. The header is in the order
 * of the schema, because JSONB reorders keys.
 */
function hashedText({ epoch, step, backend, header }: Omit<Checkpoint, 'bytes'>): string {
  return JSON.stringify([epoch, step, backend, checkpointHeaderSchema.parse(header)])
}
