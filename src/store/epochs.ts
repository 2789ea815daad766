/**
 * Epochs, stored in batches as the engine packs them: four little-endian float64 each, NaN for null, an infinite loss where
 * training diverged. Time is kept of batches: within one, epochs are taken to have been equally long.
 */
import type { Epoch, Metrics } from '../contract/epoch.js'
import type { EpochStore } from '../training/ports.js'
import { type Database, Prisma } from './database.js'

export const metricsPerEpoch = 4
const bytesPerEpoch = 8 * metricsPerEpoch

/** Epochs firstEpoch, firstEpoch + 1, … of a batch: as many as `metrics` holds. */
interface Run {
  firstEpoch: number
  metrics: Uint8Array
  /** Of the batch. */
  before: number
  lastEpoch: number
  startSeconds: number | null
  endSeconds: number | null
}

const batchColumns = Prisma.sql`"firstEpoch" - 1 AS before, "lastEpoch", "startSeconds", "endSeconds"`

export function epochStore(database: Database): EpochStore {
  return {
    read: (jobId, after, limit) => readAfter(database, jobId, after, limit),

    async readThinned(jobId, points) {
      const job = await database.job.findUnique({ where: { id: jobId }, select: { epoch: true } })
      const wanted = spread(job?.epoch ?? 0, points)
      const runs = await database.$queryRaw<Run[]>`
        SELECT wanted.epoch AS "firstEpoch", batch.*
        FROM unnest(${wanted}::int[]) AS wanted(epoch)
        CROSS JOIN LATERAL (
          SELECT ${batchColumns}, substring(metrics FROM (wanted.epoch - "firstEpoch") * ${bytesPerEpoch}::int + 1 FOR ${bytesPerEpoch}::int) AS metrics
          FROM "EpochBatch"
          WHERE "jobId" = ${jobId} AND "firstEpoch" <= wanted.epoch
          ORDER BY "firstEpoch" DESC LIMIT 1
        ) batch
        ORDER BY wanted.epoch`
      return runs.flatMap(decodeEpochs)
    },
  }
}

/** At most `limit` epochs behind `after`, in order. */
async function readAfter(
  client: Prisma.TransactionClient,
  jobId: string,
  after: number,
  limit: number,
): Promise<Epoch[]> {
  // The batches have no gaps, so the first and the last wanted epoch say which batches, and which bytes of them.
  const runs = await client.$queryRaw<Run[]>`
    WITH wanted AS (
      SELECT ${after}::int8 + 1 AS first, ${after}::int8 + ${limit}::int8 AS last
    ), batch AS (
      SELECT "firstEpoch", metrics, ${batchColumns}, greatest(first - "firstEpoch", 0) AS skipped,
        least(last, "lastEpoch") - greatest(first, "firstEpoch") + 1 AS count
      FROM "EpochBatch", wanted
      WHERE "jobId" = ${jobId} AND "lastEpoch" >= first AND "firstEpoch" <= last
        AND "firstEpoch" >= coalesce(
          (SELECT max("firstEpoch") FROM "EpochBatch" WHERE "jobId" = ${jobId} AND "firstEpoch" <= first), 0)
    )
    SELECT ("firstEpoch" + skipped)::int AS "firstEpoch", before, "lastEpoch", "startSeconds", "endSeconds",
      substring(metrics FROM (skipped * ${bytesPerEpoch}::int8 + 1)::int FOR (count * ${bytesPerEpoch}::int8)::int) AS metrics
    FROM batch ORDER BY "firstEpoch"`
  return runs.flatMap(decodeEpochs)
}

/** One stored epoch; null when there is none of that number. */
export async function readEpoch(
  client: Prisma.TransactionClient,
  jobId: string,
  epoch: number,
): Promise<Epoch | null> {
  const [found] = await readAfter(client, jobId, epoch - 1, 1)
  return found ?? null
}

/** `points` whole numbers from 1 to `last`, evenly spread, both ends among them. */
export function spread(last: number, points: number): number[] {
  if (last <= points) return Array.from({ length: last }, (_, index) => index + 1)
  if (points === 1) return [last]
  return Array.from({ length: points }, (_, index) => 1 + Math.round((index * (last - 1)) / (points - 1)))
}

function decodeEpochs(run: Run): Epoch[] {
  const { firstEpoch, metrics } = run
  const view = new DataView(metrics.buffer, metrics.byteOffset, metrics.byteLength)
  return Array.from({ length: metrics.byteLength / bytesPerEpoch }, (_, index) => {
    const at = index * bytesPerEpoch
    const loss = view.getFloat64(at, true)
    const epoch = firstEpoch + index
    const numbers = epochOf({
      loss,
      accuracy: view.getFloat64(at + 8, true),
      valLoss: view.getFloat64(at + 16, true),
      valAccuracy: view.getFloat64(at + 24, true),
    })
    const measured = { epoch, ...numbers, seconds: secondsAt(epoch, run) }
    return loss === Number.POSITIVE_INFINITY ? { ...measured, diverged: true } : measured
  })
}

/** To the microsecond, at the end of that epoch. */
function secondsAt(epoch: number, { before, lastEpoch, startSeconds, endSeconds }: Run): number | null {
  if (startSeconds === null || endSeconds === null) return null
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
