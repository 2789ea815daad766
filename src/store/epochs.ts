/**
 * Epochs, stored in batches as the engine packs them: four little-endian float64 each, NaN for null, and an
 * infinite loss if training diverged. Time is stored per batch; the epochs of a batch count as equally long.
 */
import { z } from 'zod'
import type { Epoch, Metrics } from '../contract/epoch.js'
import {
  firstDifference,
  metricsPerEpoch,
  type PackedEpochs,
  unpackEpochs,
} from '../contract/packed-epochs.js'
import type { EpochStore } from '../training/ports/epochs.js'
import type { Progress } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { type Client, type Connection, query, send, statement } from './statements.js'

export { metricsPerEpoch }

export const bytesPerEpoch = 8 * metricsPerEpoch

/**
 * Consecutive epochs of one batch: the first of them, or the numbers of those that are kept; their number;
 * then, of the whole batch, the epoch before it, its last epoch, and its seconds at the start and end.
 */
const runSchema = z.tuple([
  z.union([z.int(), z.array(z.int())]),
  z.int(),
  z.int(),
  z.int(),
  z.number().nullable(),
  z.number().nullable(),
])
type Run = z.infer<typeof runSchema>

/** Runs in order, and their metrics concatenated; null if there are none. */
export const packedRowSchema = z.strictObject({
  runs: z.array(runSchema).nullable(),
  metrics: z.instanceof(Uint8Array).nullable(),
})
type PackedRow = z.infer<typeof packedRowSchema>

/** The last epoch of a page. A thinned history has pages with the same number of epochs. */
const lastEpochQuery = ({ id, after, limit }: Page) => `
    SELECT CASE WHEN "epochsKept" IS NULL THEN ${after} + ${limit} ELSE coalesce((
      SELECT number FROM "EpochBatch" CROSS JOIN unnest(kept) AS number
      WHERE "jobId" = ${id} AND "lastEpoch" > ${after} AND number > ${after}
      ORDER BY number OFFSET ${limit} - 1 LIMIT 1
    ), ${2 ** 31 - 1}) END AS last FROM "Job" WHERE id = ${id}`

/** SQL expressions. */
interface Page {
  id: string
  after: string
  limit: string
}

/** A subquery with the columns of `PackedRow`: at most `limit` epochs after `after` of job `id`. */
export function packedEpochsQuery({ id, after, limit }: Page): string {
  // Batches have no gaps, so the first and last epoch of the page determine the batches and the bytes in them.
  return `
    SELECT json_agg(json_build_array(
        CASE WHEN kept IS NULL THEN to_json("firstEpoch" + skipped) ELSE to_json(kept[(skipped + 1)::int : (skipped + count)::int]) END,
        count, "firstEpoch" - 1, "lastEpoch", "startSeconds", "endSeconds") ORDER BY "firstEpoch") AS runs,
      string_agg(substring(metrics FROM (skipped * ${bytesPerEpoch} + 1)::int FOR (count * ${bytesPerEpoch})::int), ''::bytea
        ORDER BY "firstEpoch") AS metrics
    FROM (
      SELECT batch.*, CASE WHEN kept IS NULL THEN least(last, "lastEpoch") - greatest(${after} + 1, "firstEpoch") + 1
        ELSE (SELECT count(*) FROM unnest(kept) AS number WHERE number > ${after} AND number <= last) END AS count
      FROM (${lastEpochQuery({ id, after, limit })}) AS page
      CROSS JOIN LATERAL (
        SELECT *, CASE WHEN kept IS NULL THEN greatest(${after} + 1 - "firstEpoch", 0)
          ELSE (SELECT count(*) FROM unnest(kept) AS number WHERE number <= ${after}) END AS skipped
        FROM "EpochBatch"
        WHERE "jobId" = ${id} AND "lastEpoch" > ${after} AND "firstEpoch" <= page.last AND "firstEpoch" >= coalesce(
          (SELECT max("firstEpoch") FROM "EpochBatch" WHERE "jobId" = ${id} AND "firstEpoch" <= ${after} + 1), 0)
      ) AS batch
    ) AS part WHERE count > 0`
}

const readStatement = statement(
  'epochsOfJob',
  packedRowSchema,
  packedEpochsQuery({ id: '$1::text', after: '$2::int8', limit: '$3::int8' }),
)

export function epochStore(database: Database): EpochStore {
  return {
    async readPacked(jobId, after, limit) {
      const [row] = await send(database.pool, readStatement, [jobId, after, limit])
      return packedEpochs(row, after)
    },

    readAt: (jobId, epochs) => readAt(database, jobId, epochs),

    async readThinned(jobId, points) {
      const job = await database.job.findUnique({
        where: { id: jobId },
        select: { epoch: true, epochsKept: true },
      })
      if (job === null) return packedEpochs(undefined, 0)
      const numbers = job.epochsKept === null ? null : await keptEpochs(database.pool, jobId)
      const places = evenlySpaced(numbers?.length ?? job.epoch, points)
      return readAt(database, jobId, numbers === null ? places : places.map((place) => numbers[place - 1]))
    },
  }
}

const keptStatement = statement(
  'keptEpochs',
  z.strictObject({ numbers: z.array(z.int()).nullable() }),
  `
    SELECT array_agg(number ORDER BY number) AS numbers FROM "EpochBatch" CROSS JOIN unnest(kept) AS number
    WHERE "jobId" = $1::text`,
)

/** The first epoch of the run whose bits differ from those that the job has stored; null if none does. */
export async function findDifference(
  { pool }: Pick<Database, 'pool'>,
  jobId: string,
  { firstEpoch, metrics }: Progress['epochs'],
): Promise<number | null> {
  const count = metrics.length / metricsPerEpoch
  if (count === 0) return null
  const [row] = await send(pool, readStatement, [jobId, firstEpoch - 1, count])
  const stored = packedEpochs(row, firstEpoch - 1)
  return firstDifference({ after: firstEpoch - 1, numbers: null, metrics }, stored)
}

/** The numbers of the epochs that remain after thinning. */
export async function keptEpochs(pool: Connection, jobId: string): Promise<number[]> {
  const [row] = await send(pool, keptStatement, [jobId])
  return row?.numbers ?? []
}

/** $1 job, $2 epochs. */
const readAtStatement = statement(
  'epochsAt',
  packedRowSchema,
  `
    SELECT json_agg(run ORDER BY before) AS runs, string_agg(metrics, ''::bytea ORDER BY before) AS metrics
    FROM (
      SELECT before, string_agg(metrics, ''::bytea ORDER BY epoch) AS metrics,
        json_build_array(json_agg(epoch ORDER BY epoch), count(*), before, "lastEpoch", "startSeconds", "endSeconds") AS run
      FROM (
        SELECT wanted.epoch, batch.*
        FROM unnest($2::int[]) AS wanted(epoch)
        CROSS JOIN LATERAL (
          SELECT "firstEpoch" - 1 AS before, "lastEpoch", "startSeconds", "endSeconds",
            substring(metrics FROM place * ${bytesPerEpoch} + 1 FOR ${bytesPerEpoch}) AS metrics, place
          FROM "EpochBatch" CROSS JOIN LATERAL (
            SELECT CASE WHEN kept IS NULL THEN wanted.epoch - "firstEpoch" ELSE array_position(kept, wanted.epoch) - 1 END AS place
          ) AS of_epoch
          WHERE "jobId" = $1 AND "firstEpoch" <= wanted.epoch
          ORDER BY "firstEpoch" DESC LIMIT 1
        ) AS batch
        WHERE wanted.epoch <= "lastEpoch" AND place IS NOT NULL
      ) AS stored
      GROUP BY before, "lastEpoch", "startSeconds", "endSeconds"
    ) AS part`,
)

/** The stored ones of these epochs. */
async function readAt(client: Client, jobId: string, epochs: number[]): Promise<PackedEpochs> {
  const [row] = await query(client, readAtStatement, [jobId, epochs])
  return packedEpochs(row, 0)
}

/** Null if the epoch is not stored. */
export async function readEpoch(client: Client, jobId: string, epoch: number): Promise<Epoch | null> {
  const [found] = unpackEpochs(await readAt(client, jobId, [epoch]))
  return found ?? null
}

/** `points` integers from 1 to `last`, evenly spaced, including both ends. */
export function evenlySpaced(last: number, points: number): number[] {
  if (last <= points) return Array.from({ length: last }, (_, index) => index + 1)
  if (points === 1) return [last]
  return Array.from({ length: points }, (_, index) => 1 + Math.round((index * (last - 1)) / (points - 1)))
}

/** @param after the epoch before the first one */
export function packedEpochs(row: PackedRow | undefined, after: number): PackedEpochs {
  const { runs, metrics } = row ?? {}
  const packed = new Float64Array((metrics?.byteLength ?? 0) / 8)
  // The bytes of the driver may be unaligned.
  if (metrics) new Uint8Array(packed.buffer).set(metrics)
  const count = packed.length / metricsPerEpoch
  const seconds = new Float64Array(count)
  const isThinned = runs?.some(([first]) => Array.isArray(first)) ?? false
  const numbers = isThinned ? new Int32Array(count) : null
  let place = 0
  for (const run of runs ?? []) {
    const [first, length] = run
    for (let index = 0; index < length; index++) {
      const epoch = Array.isArray(first) ? first[index] : first + index
      if (numbers !== null) numbers[place] = epoch
      seconds[place++] = secondsAt(epoch, run)
    }
  }
  return { after, numbers, metrics: packed, seconds }
}

/** Seconds at the end of the epoch, rounded to microseconds; NaN if time was not stored. */
function secondsAt(epoch: number, [, , before, lastEpoch, startSeconds, endSeconds]: Run): number {
  if (startSeconds === null || endSeconds === null) return Number.NaN
  const share = (epoch - before) / (lastEpoch - before)
  return Math.round(1e6 * (startSeconds + share * (endSeconds - startSeconds))) / 1e6
}

/** Replaces values that JSON cannot express by null. */
export function finiteMetrics(row: { [Key in keyof Metrics]: number | null }): Metrics {
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null)
  return {
    loss: finite(row.loss),
    accuracy: finite(row.accuracy),
    valLoss: finite(row.valLoss),
    valAccuracy: finite(row.valAccuracy),
  }
}
