/**
 * Snapshots of the weights of small networks, to plot their boundaries. The kept ones and the most recent
 * one are stored. The first row has what all snapshots of the job share; for a short training, the model has
 * it.
 */
import { z } from 'zod'
import { codingSchema } from '../contract/dataset.js'
import { tensorSchema } from '../contract/model.js'
import type { SnapshotStore, WeightSnapshots } from '../training/ports/snapshots.js'
import { join } from './bytes.js'
import type { Database, Prisma } from './database.js'
import { unpackJson } from './packed-json.js'

const headerSchema = z.object({ coding: codingSchema, tensors: z.array(tensorSchema) })

type Taken = WeightSnapshots['taken']

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
        firstRow(database, jobId),
      ])
      if (first === null) return noSnapshots
      const header = first.header ?? (await readModelHeader(database, jobId))
      const taken = rows.flatMap(unpack).filter(({ epoch }) => epoch > after)
      return { ...headerSchema.parse(header), taken: taken.slice(0, limit) }
    },
  }
}

const noSnapshots: WeightSnapshots = {
  coding: { features: [], target: { type: 'number', names: [] } },
  tensors: [],
  taken: [],
}

async function readModelHeader(client: Prisma.TransactionClient, jobId: string): Promise<unknown> {
  const row = await client.model.findUnique({ where: { jobId }, select: { description: true } })
  return row && unpackJson(row.description)
}

function firstRow(client: Prisma.TransactionClient, jobId: string) {
  return client.weightSnapshot.findFirst({
    where: { jobId },
    select: { epoch: true, header: true },
    orderBy: { epoch: 'asc' },
  })
}

/** Called before a model is deleted: copies what the snapshots of its job need from it. */
export async function copyHeader(client: Prisma.TransactionClient, jobId: string): Promise<void> {
  const first = await firstRow(client, jobId)
  if (first === null || first.header !== null) return
  const header = headerSchema.parse(await readModelHeader(client, jobId))
  await client.weightSnapshot.update({
    where: { jobId_epoch: { jobId, epoch: first.epoch } },
    data: { header },
  })
}

function unpack({
  epoch,
  epochs,
  kept,
  bytes,
}: {
  epoch: number
  epochs: number[]
  kept: boolean
  bytes: Uint8Array
}): Taken {
  const all = epochs.length === 0 ? [epoch] : epochs
  const length = bytes.length / all.length
  return all.map((each, index) => ({
    epoch: each,
    kept,
    bytes: bytes.subarray(index * length, (index + 1) * length),
  }))
}

/** The bytes of epochs and kept snapshots. */
export function historyBytes(
  { byteLength }: Float64Array,
  rows: readonly { kept: boolean; bytes: Uint8Array }[],
): number {
  const kept = rows.filter((row) => row.kept)
  return kept.reduce((sum, { bytes }) => sum + bytes.length, byteLength)
}

/** One row for all kept snapshots, and one for the most recent if it is not kept. */
export function snapshotRows(
  taken: Taken,
): { epoch: number; epochs: number[]; kept: boolean; bytes: Uint8Array<ArrayBuffer> }[] {
  const newest = taken.at(-1)
  const kept = taken.filter((each) => each.kept)
  const parts = [kept, newest === undefined || newest.kept ? [] : [newest]].filter((part) => part.length > 0)
  return parts.map((part) => {
    const epochs = part.map(({ epoch }) => epoch)
    return { epoch: Math.max(...epochs), epochs, kept: part[0].kept, bytes: join(part) }
  })
}
