/**
 * Weights of small networks as they were, for drawing their boundaries: those that are kept, and the newest. What all of a job
 * have in common is in the first row, or else, of a short training, with its model.
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
      if (first === null) return nothing
      const header = first.header ?? (await modelHeader(database, jobId))
      const taken = rows.flatMap(unpack).filter(({ epoch }) => epoch > after)
      return { ...headerSchema.parse(header), taken: taken.slice(0, limit) }
    },
  }
}

const nothing: WeightSnapshots = {
  coding: { features: [], target: { type: 'number', names: [] } },
  tensors: [],
  taken: [],
}

async function modelHeader(client: Prisma.TransactionClient, jobId: string): Promise<unknown> {
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

/** Before a model is deleted: its job's snapshots keep what they need of it. */
export async function keepHeader(client: Prisma.TransactionClient, jobId: string): Promise<void> {
  const first = await firstRow(client, jobId)
  if (first === null || first.header !== null) return
  const header = headerSchema.parse(await modelHeader(client, jobId))
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

/** What epochs and the snapshots that stay take. */
export function historyBytes(
  { byteLength }: Float64Array,
  rows: readonly { kept: boolean; bytes: Uint8Array }[],
): number {
  const kept = rows.filter((row) => row.kept)
  return kept.reduce((sum, { bytes }) => sum + bytes.length, byteLength)
}

/** Kept ones make one row; the newest, if it is not kept, one of its own. */
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
