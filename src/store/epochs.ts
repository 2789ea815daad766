/**
 * Epochs, stored in batches as the engine packs them: four little-endian float64 each, NaN for null, an infinite loss where
 * training diverged. Time is kept of batches: within one, epochs are taken to have been equally long.
 */
import type { Epoch, Metrics } from '../contract/epoch.js'
import { metricsPerEpoch, type PackedEpochs, unpackEpochs } from '../contract/packed-epochs.js'
import type { EpochStore } from '../training/ports.js'
import { type Database, type Prisma, send } from './database.js'

export { metricsPerEpoch }

const bytesPerEpoch = 8 * metricsPerEpoch

/** Epochs of one batch: the first and how many, then of the whole batch the epoch before it, its last, and its seconds. */
type Run = [
  firstEpoch: number,
  count: number,
  before: number,
  lastEpoch: number,
  startSeconds: number | null,
  endSeconds: number | null,
]

/** Runs in order, and their metrics one after another; null where there is none. */
export interface PackedRow {
  runs: Run[] | null
  metrics: Uint8Array | null
}

/** A subquery of the columns of `PackedRow`: epochs `after` + 1 to `last` of the job `id`, each an expression of SQL. */
export function packedRowOf({ id, after, last }: { id: string; after: string; last: string }): string {
  // The batches have no gaps, so the first and the last wanted epoch say which batches, and which bytes of them.
  return `
    SELECT json_agg(json_build_array("firstEpoch" + skipped, count, "firstEpoch" - 1, "lastEpoch", "startSeconds", "endSeconds")
        ORDER BY "firstEpoch") AS runs,
      string_agg(substring(metrics FROM (skipped * ${bytesPerEpoch} + 1)::int FOR (count * ${bytesPerEpoch})::int), ''::bytea
        ORDER BY "firstEpoch") AS metrics
    FROM (
      SELECT *, greatest(${after} + 1 - "firstEpoch", 0) AS skipped,
        least(${last}, "lastEpoch") - greatest(${after} + 1, "firstEpoch") + 1 AS count
      FROM "EpochBatch"
      WHERE "jobId" = ${id} AND "lastEpoch" > ${after} AND "firstEpoch" <= ${last} AND "firstEpoch" >= coalesce(
        (SELECT max("firstEpoch") FROM "EpochBatch" WHERE "jobId" = ${id} AND "firstEpoch" <= ${after} + 1), 0)
    ) AS batch`
}

const readStatement = {
  name: 'epochs-of-job',
  text: packedRowOf({ id: '$1::text', after: '$2::int8', last: '$3::int8' }),
}

export function epochStore(database: Database): EpochStore {
  async function readPacked(jobId: string, after: number, limit: number): Promise<PackedEpochs> {
    const [row] = await send<PackedRow>(database.pool, readStatement, [jobId, after, after + limit])
    return packedEpochs(row, after)
  }

  return {
    readPacked,

    async read(jobId, after, limit) {
      return unpackEpochs(await readPacked(jobId, after, limit))
    },

    async readThinned(jobId, points) {
      const job = await database.job.findUnique({ where: { id: jobId }, select: { epoch: true } })
      return readAt(database, jobId, spread(job?.epoch ?? 0, points))
    },
  }
}

/** Those of the job's epochs that are stored. */
async function readAt(client: Prisma.TransactionClient, jobId: string, epochs: number[]): Promise<Epoch[]> {
  const rows = await client.$queryRaw<PackedRow[]>`
    SELECT json_build_array(json_build_array(wanted.epoch, 1, before, "lastEpoch", "startSeconds", "endSeconds")) AS runs, metrics
    FROM unnest(${epochs}::int[]) AS wanted(epoch)
    CROSS JOIN LATERAL (
      SELECT "firstEpoch" - 1 AS before, "lastEpoch", "startSeconds", "endSeconds",
        substring(metrics FROM (wanted.epoch - "firstEpoch") * ${bytesPerEpoch}::int + 1 FOR ${bytesPerEpoch}::int) AS metrics
      FROM "EpochBatch"
      WHERE "jobId" = ${jobId} AND "firstEpoch" <= wanted.epoch
      ORDER BY "firstEpoch" DESC LIMIT 1
    ) batch
    WHERE wanted.epoch <= "lastEpoch"
    ORDER BY wanted.epoch`
  return rows.flatMap((row) => unpackEpochs(packedEpochs(row, 0)))
}

/** One stored epoch; null when there is none of that number. */
export async function readEpoch(
  client: Prisma.TransactionClient,
  jobId: string,
  epoch: number,
): Promise<Epoch | null> {
  const [found] = await readAt(client, jobId, [epoch])
  return found ?? null
}

/** `points` whole numbers from 1 to `last`, evenly spread, both ends among them. */
export function spread(last: number, points: number): number[] {
  if (last <= points) return Array.from({ length: last }, (_, index) => index + 1)
  if (points === 1) return [last]
  return Array.from({ length: points }, (_, index) => 1 + Math.round((index * (last - 1)) / (points - 1)))
}

/** Of a row without epochs: none, from `after` + 1 on. */
export function packedEpochs(row: PackedRow | undefined, after: number): PackedEpochs {
  const { runs, metrics } = row ?? {}
  const packed = new Float64Array((metrics?.byteLength ?? 0) / 8)
  // What the driver gives may begin at any address.
  if (metrics) new Uint8Array(packed.buffer).set(metrics)
  const seconds = new Float64Array(packed.length / metricsPerEpoch)
  let place = 0
  for (const run of runs ?? []) {
    const [firstEpoch, count] = run
    for (let epoch = firstEpoch; epoch < firstEpoch + count; epoch++) seconds[place++] = secondsAt(epoch, run)
  }
  return { firstEpoch: runs?.[0]?.[0] ?? after + 1, metrics: packed, seconds }
}

/** To the microsecond, at the end of that epoch; NaN where no time was kept. */
function secondsAt(epoch: number, [, , before, lastEpoch, startSeconds, endSeconds]: Run): number {
  if (startSeconds === null || endSeconds === null) return Number.NaN
  const share = (epoch - before) / (lastEpoch - before)
  return Math.round(1e6 * (startSeconds + share * (endSeconds - startSeconds))) / 1e6
}

/** Metrics fit for the wire: nothing that JSON cannot carry. */
export function epochOf(row: { [Key in keyof Metrics]: number | null }): Metrics {
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null)
  return {
    loss: finite(row.loss),
    accuracy: finite(row.accuracy),
    valLoss: finite(row.valLoss),
    valAccuracy: finite(row.valAccuracy),
  }
}
