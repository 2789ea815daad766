/** Stores short trainings at their end: epochs, snapshots, models and statuses of a batch in one statement. */
import type { Metrics } from '../contract/epoch.js'
import type { Claim, RunStore, Success } from '../training/ports/runs.js'
import { hashSha256, joinPieces, toBuffer, totalLength } from './bytes.js'
import { Coalesced } from './coalesced.js'
import type { Database } from './database.js'
import { finiteMetrics, metricsPerEpoch } from './epochs.js'
import { finishedColumns } from './outbox.js'
import { packJson } from './packed-json.js'
import { type Connection, send, statement } from './statements.js'
import { changedRow, effects, enter, guard } from './transitions.js'
import { historyBytes, snapshotRows } from './weight-snapshots.js'

/** The maximum size of weights in the row of their model. */
const maximumInlineBytes = 1_024

/** A claim must hold, and its epochs must follow the last stored one. */
const succeedStatement = statement(
  'succeedRuns',
  changedRow,
  `
    WITH run AS MATERIALIZED (
      SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::bytea[], $6::float8[], $7::int[], $8::text[],
        $9::text[], $10::int[], $11::float8[], $12::float8[], $13::float8[], $14::float8[], $15::text[], $16::text[],
        $17::bytea[], $18::text[], $19::int[], $20::text[], $21::bytea[], $22::bytea[], $23::float8[])
        AS run("jobId", claim, "firstEpoch", "lastEpoch", metrics, seconds, planned, "usedBackend", "usedDetail", best,
          "finalLoss", "finalAccuracy", "finalValLoss", "finalValAccuracy", "modelId", "modelName", description, "modelLoss",
          parameters, sha256, evaluation, weights, history)
    ), locked AS MATERIALIZED (
      SELECT "Job".id FROM "Job" JOIN run ON run."jobId" = "Job".id
      WHERE attempt = claim AND ${guard('succeed')} AND epoch = "firstEpoch" - 1
      ORDER BY "Job".id FOR NO KEY UPDATE OF "Job"
    ), changed AS (
      UPDATE "Job" SET ${enter('succeed')}, "finishedAt" = now(), epoch = "lastEpoch", loss = "finalLoss",
        accuracy = "finalAccuracy", "valLoss" = "finalValLoss", "valAccuracy" = "finalValAccuracy", "bestEpoch" = best,
        "trainingSeconds" = "trainingSeconds" + seconds, epochs = coalesce(planned, epochs), backend = "usedBackend",
        "backendDetail" = "usedDetail", "historyBytes" = "historyBytes" + history, crashes = 0, "heartbeatAt" = NULL
      FROM run JOIN locked ON locked.id = run."jobId"
      WHERE "Job".id = locked.id
      RETURNING "Job".id, status, epoch, "trainingSeconds", "modelId", ${finishedColumns}
    ), ended_run AS (
      SELECT run.*, changed.id, changed."tenantId", changed.name, "trainingSeconds"
      FROM changed JOIN run ON run."jobId" = changed.id
    ), stored AS (
      INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds")
      SELECT id, "firstEpoch", "lastEpoch", metrics, "trainingSeconds" - seconds, "trainingSeconds" FROM ended_run
    ), snapshots AS (
      INSERT INTO "WeightSnapshot" ("jobId", epoch, epochs, kept, bytes)
      SELECT "jobId", snapshot.epoch, string_to_array(snapshot.epochs, ' ')::int[], kept, bytes
      FROM unnest($24::text[], $25::int[], $26::text[], $27::bool[], $28::bytea[])
        AS snapshot("jobId", epoch, epochs, kept, bytes)
      JOIN changed ON changed.id = snapshot."jobId"
    ), model AS (
      INSERT INTO "Model" (id, "tenantId", "jobId", name, description, loss, parameters, "finalLoss", "finalAccuracy",
        "finalValLoss", "finalValAccuracy", epoch, weights, "weightBytes", "weightSha256", evaluation)
      SELECT "modelId", "tenantId", id, coalesce("modelName", name), description, "modelLoss", parameters, "finalLoss",
        "finalAccuracy", "finalValLoss", "finalValAccuracy", coalesce(best, "lastEpoch"),
        CASE WHEN length(weights) <= ${maximumInlineBytes} THEN weights END, length(weights), sha256, evaluation FROM ended_run
    ), chunk AS (
      INSERT INTO "WeightChunk" ("modelId", index, bytes)
      SELECT "modelId", 0, weights FROM ended_run WHERE length(weights) > ${maximumInlineBytes}
    ) ${effects('succeed')}`,
)

/** Whether `succeedAll` can store the training: small weights, no statistics, and the best epoch among the new ones. */
export function isWhole(
  { model, bestEpoch, progress: { epochs, statistics = [] } }: Success,
  maximumBytes: number,
): boolean {
  return (
    statistics.length === 0 &&
    totalLength(model.weights) <= maximumBytes &&
    (bestEpoch === null || bestEpoch >= epochs.firstEpoch)
  )
}

/** The maximum number of batches per statement. */
const maximumBatches = 8

/**
 * Stores batches, and answers for each training whether its claim held. Batches that arrive while a statement is running
 * share the next one: concurrent statements would wait for each other at the counters of the tenant.
 */
export function successWriter({ pool }: Pick<Database, 'pool'>): RunStore['succeedAll'] {
  const writes = new Coalesced<readonly Success[], boolean[]>(async (batches) => {
    const held = await succeedOnce(pool, batches.flat())
    return batches.map((batch) => batch.map(({ claim }) => held.has(claimKey(claim))))
  }, maximumBatches)
  return (successes) => writes.request(successes)
}

/** @returns the claims that held. A statement takes one claim of a job, the most recent one. */
async function succeedOnce(pool: Connection, successes: readonly Success[]): Promise<Set<string>> {
  const newest = new Map<string, Success>()
  for (const success of successes) {
    const { jobId, attempt } = success.claim
    if (attempt > (newest.get(jobId)?.claim.attempt ?? 0)) newest.set(jobId, success)
  }
  const rows = await send(pool, succeedStatement, toValues([...newest.values()]))
  return new Set(rows.flatMap(({ id }) => newest.get(id)?.claim ?? []).map(claimKey))
}

const claimKey = ({ jobId, attempt }: Claim) => `${jobId} ${attempt}`

function toValues(successes: readonly Success[]): unknown[] {
  const column = <T>(value: (success: Success) => T) => successes.map(value)
  const metrics = successes.map(finalMetrics)
  const taken = successes.map(({ progress: { snapshots } }) => snapshotRows(snapshots?.taken ?? []))
  const snapshots = taken.flatMap((rows, index) => {
    return rows.map((row) => ({ jobId: successes[index].claim.jobId, ...row }))
  })
  return [
    column(({ claim }) => claim.jobId),
    column(({ claim }) => claim.attempt),
    column(({ progress: { epochs } }) => epochs.firstEpoch),
    column(lastEpoch),
    column(({ progress: { epochs } }) => toBuffer(epochs.metrics)),
    column(({ progress }) => progress.seconds),
    column(({ progress }) => progress.plannedEpochs ?? null),
    column(({ progress }) => progress.backend),
    column(({ progress }) => progress.backendDetail),
    column(({ bestEpoch }) => bestEpoch),
    metrics.map(({ loss }) => loss),
    metrics.map(({ accuracy }) => accuracy),
    metrics.map(({ valLoss }) => valLoss),
    metrics.map(({ valAccuracy }) => valAccuracy),
    column(({ model }) => model.id),
    column(({ model }) => model.name),
    column(({ model: { network, layers, coding, tensors } }) =>
      packJson({ network, layers, coding, tensors }),
    ),
    column(({ model }) => model.loss),
    column(({ model }) => model.parameters),
    column(({ model }) => hashSha256(model.weights)),
    column(({ model }) => (model.evaluation === null ? null : packJson(model.evaluation))),
    column(({ model: { weights } }) =>
      toBuffer(weights instanceof Uint8Array ? weights : joinPieces(weights)),
    ),
    successes.map(({ progress: { epochs } }, index) => historyBytes(epochs.metrics, taken[index])),
    snapshots.map(({ jobId }) => jobId),
    snapshots.map(({ epoch }) => epoch),
    snapshots.map(({ epochs }) => epochs.join(' ')),
    snapshots.map(({ kept }) => kept),
    snapshots.map(({ bytes }) => toBuffer(bytes)),
  ]
}

const lastEpoch = ({ progress: { epochs } }: Success) =>
  epochs.firstEpoch + epochs.metrics.length / metricsPerEpoch - 1

/** The metrics of the epoch whose weights the model has. */
function finalMetrics(success: Success): Metrics {
  const { firstEpoch, metrics } = success.progress.epochs
  const place = metricsPerEpoch * ((success.bestEpoch ?? lastEpoch(success)) - firstEpoch)
  const [loss, accuracy, valLoss, valAccuracy] = metrics.subarray(place, place + metricsPerEpoch)
  return finiteMetrics({ loss, accuracy, valLoss, valAccuracy })
}
