/** Checkpoints: the newest two of each job, each with a checksum over its bytes. */
import { createHash } from 'node:crypto'
import { checkpointHeaderSchema } from '../contract/checkpoint.js'
import type { Checkpoint } from '../training/ports.js'
import { cut, join } from './bytes.js'
import type { Database, Prisma } from './database.js'

const kept = 2

/** Within the transaction that stores the epochs up to it. */
export async function insertCheckpoint(
  client: Prisma.TransactionClient,
  jobId: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const { bytes, ...rest } = checkpoint
  const { _max } = await client.checkpoint.aggregate({ where: { jobId }, _max: { sequence: true } })
  const sequence = (_max.sequence ?? 0) + 1
  await client.checkpoint.create({ data: { jobId, sequence, ...rest, sha256: checksum(checkpoint) } })
  for (const chunk of cut(bytes)) {
    await client.checkpointChunk.create({ data: { jobId, sequence, ...chunk } })
  }
  await client.checkpoint.deleteMany({ where: { jobId, sequence: { lte: sequence - kept } } })
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
