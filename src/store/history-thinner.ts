/** Thins the epochs of finished jobs to the number of a setting. The job then has `epochsKept`. */
import { z } from 'zod'
import { finishedStatuses } from '../contract/job-status.js'
import { inSlices } from '../training/slices.js'
import type { Database } from './database.js'
import { evenlySpaced, keptEpochs, metricsPerEpoch } from './epochs.js'
import { type Connection, idRow, noRow, send, statement, transaction } from './statements.js'
import { statusIn } from './transitions.js'

/** Batches per statement. Each is what a training reported at once, a few MB at most. */
const batchesPerStatement = 8
/** A finished job may become visible this much later than its time says. */
const marginMinutes = 10
const bytesPerNumber = 4
const bytesPerEpoch = 8 * metricsPerEpoch
/** The offset after loss and accuracy. */
const valLossOffset = 16
/** Epochs between two readings of the clock. */
const epochsPerSlice = 1_000

const clockStatement = statement(
  'thinningClock',
  z.strictObject({ since: z.date() }),
  `SELECT now() - interval '${marginMinutes} minutes' AS since`,
)

/** $1 maximum number of epochs, $2 time after which jobs finished; by the two indexes of finished jobs. */
const longStatement = statement(
  'longHistories',
  idRow,
  `
    SELECT id FROM "Job" WHERE ${statusIn(['succeeded'])} AND "finishedAt" >= $2 AND coalesce("epochsKept", epoch) > $1::int
    UNION ALL SELECT id FROM "Job" WHERE ${statusIn(['failed', 'cancelled'])}
      AND "finishedAt" >= $2 AND coalesce("epochsKept", epoch) > $1::int`,
)

/** Keeps at most `most` epochs of each finished job: the first, the last, the best, and others evenly spaced. */
export function historyThinner(
  { pool }: Pick<Database, 'pool'>,
  most: number | undefined,
): { cleanUp(): Promise<void> } {
  let endedSince = new Date(0)
  return {
    async cleanUp() {
      if (most === undefined) return
      const [{ since }] = await send(pool, clockStatement, [])
      for (const { id } of await send(pool, longStatement, [most, endedSince])) {
        await transaction(pool, (client) => thin(client, id, most))
      }
      endedSince = since
    },
  }
}

const longJobSchema = z.strictObject({
  epoch: z.int(),
  bestEpoch: z.int().nullable(),
  epochsKept: z.int().nullable(),
})

const lockStatement = statement(
  'lockHistory',
  longJobSchema,
  `
    SELECT epoch, "bestEpoch", "epochsKept" FROM "Job" WHERE id = $1 AND status = ANY($2::"JobStatus"[])
      AND coalesce("epochsKept", epoch) > $3::int FOR NO KEY UPDATE`,
)

const finishStatement = statement(
  'finishThinning',
  noRow,
  `
    UPDATE "Job" SET "epochsKept" = $2::int, "thinnedAt" = now(), "historyBytes" = "historyBytes" - $3::float8
    WHERE id = $1`,
)

async function thin(client: Connection, jobId: string, most: number): Promise<void> {
  const [job] = await send(client, lockStatement, [jobId, finishedStatuses, most])
  if (job === undefined) return
  const numbers = job.epochsKept === null ? null : await keptEpochs(client, jobId)
  const evenly = evenlySpaced(numbers?.length ?? job.epoch, most - 1)
  const wanted = new Set(numbers === null ? evenly : evenly.map((place) => numbers[place - 1]))
  wanted.add(job.bestEpoch ?? (await lowestLoss(client, jobId)))
  const inOrder = [...wanted].toSorted((one, other) => one - other)
  let freed = 0
  for await (const batches of readBatches(client, jobId)) {
    const thinned = batches.map((batch) => keepEpochs(batch, inOrder))
    await writeBatches(client, jobId, thinned)
    freed += countBytes(batches) - countBytes(thinned)
  }
  await send(client, finishStatement, [jobId, wanted.size, freed])
}

const batchSchema = z.strictObject({
  firstEpoch: z.int(),
  lastEpoch: z.int(),
  metrics: z.instanceof(Buffer),
  /** Null for all. */
  kept: z.array(z.int()).nullable(),
})
type Batch = z.infer<typeof batchSchema>

const readStatement = statement(
  'batchesToThin',
  batchSchema,
  `
    SELECT "firstEpoch", "lastEpoch", metrics, kept FROM "EpochBatch" WHERE "jobId" = $1 AND "firstEpoch" > $2::int
    ORDER BY "firstEpoch" LIMIT ${batchesPerStatement}`,
)

async function* readBatches(client: Connection, jobId: string): AsyncGenerator<Batch[]> {
  for (let after = 0; ; ) {
    const batches = await send(client, readStatement, [jobId, after])
    const last = batches.at(-1)
    if (last === undefined) return
    yield batches
    after = last.firstEpoch
  }
}

/** The epoch with the lowest loss, on the validation rows if there are any. */
async function lowestLoss(client: Connection, jobId: string): Promise<number> {
  let lowest = { epoch: 1, loss: Number.POSITIVE_INFINITY }
  function* scan({ firstEpoch, kept, metrics }: Batch): Generator<void, void> {
    for (let place = 0; place * bytesPerEpoch < metrics.length; place++) {
      if (place % epochsPerSlice === 0) yield
      const at = place * bytesPerEpoch
      const valLoss = metrics.readDoubleLE(at + valLossOffset)
      const loss = Number.isNaN(valLoss) ? metrics.readDoubleLE(at) : valLoss
      if (loss < lowest.loss) lowest = { epoch: kept?.[place] ?? firstEpoch + place, loss }
    }
  }
  for await (const batches of readBatches(client, jobId)) {
    for (const batch of batches) await inSlices(scan(batch), 'background')
  }
  return lowest.epoch
}

/** @param wanted sorted */
function keepEpochs(batch: Batch, wanted: readonly number[]): Batch {
  const { firstEpoch, lastEpoch, metrics } = batch
  const kept = wanted.slice(lowerBound(wanted, firstEpoch), lowerBound(wanted, lastEpoch + 1))
  const pieces = kept.map((epoch) => {
    const at = bytesPerEpoch * (batch.kept === null ? epoch - firstEpoch : lowerBound(batch.kept, epoch))
    return metrics.subarray(at, at + bytesPerEpoch)
  })
  return { ...batch, metrics: Buffer.concat(pieces), kept }
}

/** The index of the first number that is at least `least`. */
function lowerBound(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle] < least) low = middle + 1
    else high = middle
  }
  return low
}

const countBytes = (batches: readonly Batch[]) =>
  batches.reduce((sum, { metrics, kept }) => sum + metrics.length + bytesPerNumber * (kept?.length ?? 0), 0)

const writeStatement = statement(
  'writeThinned',
  noRow,
  `
    WITH thinned AS (
      SELECT * FROM unnest($2::int[], $3::bytea[], $4::text[]) AS batch("firstEpoch", metrics, kept)
    ), emptied AS (
      DELETE FROM "EpochBatch" USING thinned
      WHERE "jobId" = $1 AND "EpochBatch"."firstEpoch" = thinned."firstEpoch" AND thinned.kept = ''
    )
    UPDATE "EpochBatch" SET metrics = thinned.metrics, kept = string_to_array(thinned.kept, ' ')::int[] FROM thinned
    WHERE "jobId" = $1 AND "EpochBatch"."firstEpoch" = thinned."firstEpoch" AND thinned.kept <> ''`,
)

async function writeBatches(client: Connection, jobId: string, batches: readonly Batch[]): Promise<void> {
  await send(client, writeStatement, [
    jobId,
    batches.map(({ firstEpoch }) => firstEpoch),
    batches.map(({ metrics }) => metrics),
    batches.map(({ kept }) => kept?.join(' ') ?? ''),
  ])
}
