/** Thins out the epochs of ended jobs, where a setting says how many of each are kept. The job says so, in `epochsKept`. */
import { z } from 'zod'
import { finishedStatuses } from '../contract/job.js'
import { inSlices } from '../training/slices.js'
import type { Database } from './database.js'
import { keptEpochs, metricsPerEpoch, spread } from './epochs.js'
import { type Connection, idRow, noRow, send, statement, transaction } from './statements.js'
import { statusIn } from './transitions.js'

/** Read and written at a time: each is what a training reported at once, a few MB at most. */
const batchesAtOnce = 8
/** A job may be seen so much later than it says that it ended. */
const marginMinutes = 10
const bytesPerNumber = 4
const bytesPerEpoch = 8 * metricsPerEpoch
/** Loss, accuracy, then this. */
const valLossOffset = 16
/** Between two looks at the clock. */
const epochsAtOnce = 1_000

const clockStatement = statement(
  'thinningClock',
  z.strictObject({ since: z.date() }),
  `SELECT now() - interval '${marginMinutes} minutes' AS since`,
)

/** $1 most epochs, $2 the time after which they ended, by the two indexes of jobs that ended. */
const longStatement = statement(
  'longHistories',
  idRow,
  `
    SELECT id FROM "Job" WHERE ${statusIn(['succeeded'])} AND "finishedAt" >= $2 AND coalesce("epochsKept", epoch) > $1::int
    UNION ALL SELECT id FROM "Job" WHERE ${statusIn(['failed', 'cancelled'])}
      AND "finishedAt" >= $2 AND coalesce("epochsKept", epoch) > $1::int`,
)

/** Keeps at most `most` epochs of each ended job: the first, the last, the best, and others evenly spread. */
export function historyThinner(
  { pool }: Pick<Database, 'pool'>,
  most: number | undefined,
): { sweep(): Promise<void> } {
  let endedSince = new Date(0)
  return {
    async sweep() {
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
  const evenly = spread(numbers?.length ?? job.epoch, most - 1)
  const wanted = new Set(numbers === null ? evenly : evenly.map((place) => numbers[place - 1]))
  wanted.add(job.bestEpoch ?? (await lowestLoss(client, jobId)))
  const inOrder = [...wanted].toSorted((one, other) => one - other)
  let freed = 0
  for await (const batches of readBatches(client, jobId)) {
    const thinned = batches.map((batch) => withOnly(batch, inOrder))
    await writeBatches(client, jobId, thinned)
    freed += bytesOf(batches) - bytesOf(thinned)
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
    ORDER BY "firstEpoch" LIMIT ${batchesAtOnce}`,
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

/** The epoch whose loss on the validation rows, or else in training, is the lowest. */
async function lowestLoss(client: Connection, jobId: string): Promise<number> {
  let lowest = { epoch: 1, loss: Number.POSITIVE_INFINITY }
  function* look({ firstEpoch, kept, metrics }: Batch): Generator<void, void> {
    for (let place = 0; place * bytesPerEpoch < metrics.length; place++) {
      if (place % epochsAtOnce === 0) yield
      const at = place * bytesPerEpoch
      const valLoss = metrics.readDoubleLE(at + valLossOffset)
      const loss = Number.isNaN(valLoss) ? metrics.readDoubleLE(at) : valLoss
      if (loss < lowest.loss) lowest = { epoch: kept?.[place] ?? firstEpoch + place, loss }
    }
  }
  for await (const batches of readBatches(client, jobId)) {
    for (const batch of batches) await inSlices(look(batch), 'background')
  }
  return lowest.epoch
}

/** @param wanted in order */
function withOnly(batch: Batch, wanted: readonly number[]): Batch {
  const { firstEpoch, lastEpoch, metrics } = batch
  const kept = wanted.slice(placeOf(wanted, firstEpoch), placeOf(wanted, lastEpoch + 1))
  const pieces = kept.map((epoch) => {
    const at = bytesPerEpoch * (batch.kept === null ? epoch - firstEpoch : placeOf(batch.kept, epoch))
    return metrics.subarray(at, at + bytesPerEpoch)
  })
  return { ...batch, metrics: Buffer.concat(pieces), kept }
}

/** Of the first number from `least` on. */
function placeOf(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle] < least) low = middle + 1
    else high = middle
  }
  return low
}

const bytesOf = (batches: readonly Batch[]) =>
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
