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
      const rows = await database.weightSnapshot.findMany({
        where: { jobId, epoch: { gt: after } },
        orderBy: { epoch: 'asc' },
        take: limit,
      })
      return rows.map(({ epoch, kept, bytes, header }) => ({
        epoch,
        kept,
        bytes,
        ...headerSchema.parse(header),
      }))
    },
  }
}

/** Within the transaction that stores the epochs up to the last of them. An attempt that starts over takes the same ones again. */
export async function insertSnapshots(
  client: Prisma.TransactionClient,
  jobId: string,
  snapshots: readonly WeightSnapshot[],
): Promise<void> {
  const newest = snapshots.at(-1)
  if (newest === undefined) return
  await client.weightSnapshot.createMany({
    data: snapshots.map(({ epoch, kept, bytes, coding, tensors }) => ({
      jobId,
      epoch,
      kept,
      header: { coding, tensors },
      bytes: Uint8Array.from(bytes),
    })),
    skipDuplicates: true,
  })
  await client.weightSnapshot.deleteMany({ where: { jobId, kept: false, epoch: { lt: newest.epoch } } })
}
