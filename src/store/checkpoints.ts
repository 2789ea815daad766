/**
 * Checkpoints, each with a checksum. An unfinished job keeps the two most recent. Those of `kept-checkpoints.ts` also stay
 * when it is finished. The others lose their bytes.
 */
import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'
import { checkpointHeaderSchema } from '../contract/checkpoint.js'
import { finishedStatuses } from '../contract/job-status.js'
import { Problem } from '../contract/problems.js'
import type { Checkpoint, StoredCheckpoint } from '../training/ports/checkpoints.js'
import type { Claim } from '../training/ports/runs.js'
import {
  cut,
  hashSha256,
  maximumDirectBytes,
  pieceColumns,
  pieceOfColumn,
  readChunks,
  toBuffer,
  totalLength,
} from './bytes.js'
import { copiedStatement, readCopied } from './copied-rows.js'
import type { Database } from './database.js'
import { type Draft, finishDraft, nextSequence, writeDraft } from './drafts.js'
import {
  deleteChunksOf,
  emptyCheckpoints,
  type KeptCheckpoints,
  kept,
  keptValues,
} from './kept-checkpoints.js'
import { type Connection, noRow, send, statement } from './statements.js'

const insertStatement = statement(
  'insertCheckpoint',
  z.strictObject({ sequence: z.int() }),
  `
    INSERT INTO "Checkpoint" ("jobId", sequence, epoch, step, backend, header, sha256, bytes, seconds, "isShared")
    SELECT $1, coalesce($7::int, ${nextSequence}), $2::int, $3::int, $4, $5::jsonb, $6,
      $8::float8 + octet_length($5::jsonb::text),
      coalesce((SELECT "trainingSeconds" FROM "Job" WHERE id = $1), 0), $9::bool
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
  database: Pick<Database, 'pool' | 'objects'>,
  claim: Claim,
  checkpoint: Checkpoint,
): Promise<Draft | 'small' | null> {
  const { bytes } = checkpoint
  if (totalLength(bytes) <= maximumDirectBytes(database.objects)) return 'small'
  return writeDraft(database, claim, { text: hashedText(checkpoint) }, bytes)
}

/** Called in the transaction that stores the epochs before the checkpoint. */
export async function insertCheckpoint(
  client: Connection,
  jobId: string,
  checkpoint: Checkpoint,
  draft: Draft | 'small',
): Promise<void> {
  const { bytes, epoch, step, backend, header, isShared = false } = checkpoint
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
    isShared,
  ]
  const [{ sequence }] = await send(client, insertStatement, values)
  if (!isSmall) return
  for (const chunk of cut(bytes)) {
    await send(client, insertChunkStatement, [jobId, sequence, chunk.index, toBuffer(chunk.bytes)])
  }
}

/** $1 job, $2 and $3 as `kept` says. */
const makeRoomStatement = statement(
  'deleteOldCheckpoints',
  noRow,
  `
    WITH job AS MATERIALIZED (SELECT id FROM "Job" WHERE id = $1 FOR NO KEY UPDATE)
    DELETE FROM "Checkpoint" USING job WHERE "jobId" = job.id AND sequence < (
      SELECT sequence FROM "Checkpoint" WHERE "jobId" = $1 ORDER BY sequence DESC OFFSET 1 LIMIT 1)
      AND sequence NOT IN (SELECT sequence FROM (${kept('"jobId" = $1')}) AS kept)`,
)

/**
 * Deletes all but the two most recent checkpoints and those to keep, after the transaction that stored the last one, because
 * deleting many bytes takes long. The next checkpoint retries after an error.
 */
export async function deleteOldCheckpoints(
  { pool }: Pick<Database, 'pool'>,
  jobId: string,
  rule: KeptCheckpoints,
): Promise<void> {
  await send(pool, makeRoomStatement, [jobId, ...keptValues(rule)]).catch(() => {})
}

/** $1 job, $2 and $3 as `kept` says. Locks the row of the job first, as a deletion of the job does, so that the two cannot deadlock. */
const deleteBytesStatement = statement(
  'deleteCheckpointBytes',
  noRow,
  `
    WITH ended AS MATERIALIZED (
      SELECT id FROM "Job" WHERE id = $1 AND status = ANY($4::"JobStatus"[]) FOR NO KEY UPDATE
    ), emptied AS (
      ${emptyCheckpoints} FROM ended WHERE "jobId" = ended.id AND bytes > 0
        AND sequence NOT IN (SELECT sequence FROM (${kept('"jobId" = $1')}) AS kept)
      RETURNING "jobId", sequence
    ) ${deleteChunksOf('emptied')}`,
)

/** When a job is finished, only some of its checkpoints stay. After an error, the cleanup deletes the others. */
export async function deleteCheckpointBytes(
  { pool }: Pick<Database, 'pool'>,
  jobId: string,
  rule: KeptCheckpoints,
): Promise<void> {
  await send(pool, deleteBytesStatement, [jobId, ...keptValues(rule), finishedStatuses]).catch(() => {})
}

/** $1 job, $2 sequence, $3 chunk, $4 offset. */
const chunkStatement = copiedStatement(
  'checkpointChunk',
  pieceColumns,
  `SELECT ${pieceOfColumn('bytes', '$4')} FROM "CheckpointChunk"
    WHERE "jobId" = $1 AND sequence = $2::int AND index = $3::int`,
)

const readBytes = ({ pool, objects }: Pick<Database, 'pool' | 'objects'>, jobId: string, sequence: number) =>
  readChunks(objects, async (index, offset) => {
    const [piece] = await readCopied(pool, chunkStatement, [jobId, sequence, index, offset])
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
    const chunks = () => readBytes(database, jobId, sequence)
    if (parsed.success) {
      const head = { epoch, step, backend, header: parsed.data }
      const hash = createHash('sha256').update(hashedText(head))
      const length = await hashAll(chunks(), hash, onDamage)
      if (length !== null && hash.digest('hex') === sha256) return { ...head, length, chunks }
    }
    onDamage(`checkpoint ${sequence} of job ${jobId} is damaged and was skipped`)
  }
  return null
}

/** The number of bytes. Null if an object that has some is missing or damaged. */
async function hashAll(
  chunks: AsyncIterable<Uint8Array>,
  hash: Hash,
  onDamage: (message: string) => void,
): Promise<number | null> {
  let length = 0
  try {
    for await (const chunk of chunks) {
      hash.update(chunk)
      length += chunk.length
    }
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'integrity')) throw error
    onDamage(error.message)
    return null
  }
  return length
}

/**
 * The text that is hashed before the bytes: all other contents of a checkpoint. The header is in the order
 * of the schema, because JSONB reorders keys.
 */
function hashedText({ epoch, step, backend, header }: Omit<Checkpoint, 'bytes' | 'isShared'>): string {
  return JSON.stringify([epoch, step, backend, checkpointHeaderSchema.parse(header)])
}
