/** Weights of small networks as they were, for drawing their boundaries: those that are kept, and the newest. */
import { z } from 'zod'
import { codingSchema } from '../contract/dataset.js'
import { tensorSchema } from '../contract/model.js'
import type { SnapshotStore, WeightSnapshot } from '../training/ports.js'
import type { Database, Prisma } from './database.js'

const headerSchema = z.object({ coding: codingSchema, tensors: z.array(tensorSchema) })

export function snapshotStore(database: Database): SnapshotStore {
  return {
    async read(jobId, after, limit) {
      const [rows, first] = await Promise.all([
        database.weightSnapshot.findMany({
          where: { jobId, epoch: { gt: after } },
          omit: { header: true },
          orderBy: { epoch: 'asc' },
          take: limit,
        }),
        firstOf(database, jobId),
      ])
      if (first === null) return []
      const header = headerSchema.parse(first.header)
      return rows.map(({ epoch, kept, bytes }) => ({ epoch, kept, bytes, ...header }))
    },
  }
}

/** The first snapshot of a job has what all have in common. */
function firstOf(client: Prisma.TransactionClient, jobId: string) {
  return client.weightSnapshot.findFirst({
    where: { jobId },
    select: { epoch: true, header: true },
    orderBy: { epoch: 'asc' },
  })
}

/** Within the transaction that stores the epochs up to the last of them. An attempt that starts over takes the same ones again. */
export async function insertSnapshots(
  client: Prisma.TransactionClient,
  jobId: string,
  snapshots: readonly WeightSnapshot[],
): Promise<void> {
  const newest = snapshots.at(-1)
  if (newest === undefined) return
  const hasFirst = (await firstOf(client, jobId)) !== null
  await client.weightSnapshot.createMany({
    data: snapshots.map(({ epoch, kept, bytes, coding, tensors }, index) => ({
      jobId,
      epoch,
      kept,
      ...(index === 0 && !hasFirst ? { header: { coding, tensors } } : {}),
      bytes: Uint8Array.from(bytes),
    })),
    skipDuplicates: true,
  })
  await client.weightSnapshot.deleteMany({ where: { jobId, kept: false, epoch: { lt: newest.epoch } } })
}
