/** Checkpoints: the newest two of each job, each with a checksum over its bytes. */
import { createHash } from 'node:crypto'
import { checkpointHeaderSchema } from '../contract/checkpoint.js'
import type { Checkpoint } from '../training/ports.js'
import { cut, join } from './bytes.js'
import { type Connection, type Database, type Statement, send } from './database.js'

const kept = 2

const insertStatement: Statement = {
  name: 'insertCheckpoint',
  text: `
    WITH next AS (
      SELECT coalesce(max(sequence), 0) + 1 AS sequence FROM "Checkpoint" WHERE "jobId" = $1
    ), gone AS (
      DELETE FROM "Checkpoint" USING next WHERE "jobId" = $1 AND "Checkpoint".sequence <= next.sequence - ${kept}
    )
    INSERT INTO "Checkpoint" ("jobId", sequence, epoch, step, backend, header, sha256)
    SELECT $1, sequence, $2::int, $3::int, $4, $5::jsonb, $6 FROM next RETURNING sequence`,
}

const insertChunkStatement: Statement = {
  name: 'insertCheckpointChunk',
  text: 'INSERT INTO "CheckpointChunk" ("jobId", sequence, index, bytes) VALUES ($1, $2::int, $3::int, $4::bytea)',
}

/** Within the transaction that stores the epochs up to it. */
export async function insertCheckpoint(
  client: Connection,
  jobId: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const { bytes, epoch, step, backend, header } = checkpoint
  const values = [jobId, epoch, step, backend, JSON.stringify(header), checksum(checkpoint)]
  const [{ sequence }] = await send<{ sequence: number }>(client, insertStatement, values)
  for (const chunk of cut(bytes)) {
    await send(client, insertChunkStatement, [jobId, sequence, chunk.index, Buffer.from(chunk.bytes.buffer)])
  }
}

/** The newest whole checkpoint; null when there is none. */
export async function readCheckpoint(
  database: Database,
  jobId: string,
  onDamage: (message: string) => void,
): Promise<Checkpoint | null> {
  const rows = await database.checkpoint.findMany({
    where: { jobId },
    orderBy: { sequence: 'desc' },
    include: { chunks: { orderBy: { index: 'asc' } } },
  })
  for (const { sequence, epoch, step, backend, header, sha256, chunks } of rows) {
    const parsed = checkpointHeaderSchema.safeParse(header)
    if (parsed.success) {
      const checkpoint = { epoch, step, backend, header: parsed.data, bytes: join(chunks) }
      if (checksum(checkpoint) === sha256) return checkpoint
    }
    onDamage(`checkpoint ${sequence} of job ${jobId} is damaged and passed over`)
  }
  return null
}

/** Over everything that a training goes on from; the header in the order of the schema, whatever JSONB made of it. */
function checksum({ epoch, step, backend, header, bytes }: Checkpoint): string {
  const text = JSON.stringify([epoch, step, backend, checkpointHeaderSchema.parse(header)])
  return createHash('sha256').update(text).update(bytes).digest('hex')
}
