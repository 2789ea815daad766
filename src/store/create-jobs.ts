/**
 * Stores new jobs. One statement takes any number of jobs: it locks the datasets and models that they use,
 * checks the limits of their tenants, and returns for each job whether it was stored and its position in the
 * queue.
 */
import { z } from 'zod'
import type { Job } from '../contract/job.js'
import { initialStatus } from '../contract/job-status.js'
import { type Limits, ownLimitsSchema, type Use } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { NewJob } from '../training/ports/jobs.js'
import { jobLinks, toRetraining } from './job-rows.js'
import { packJson } from './packed-json.js'
import { type Statement, statement } from './statements.js'
import { checkUse, specBytes } from './tenant-limits.js'

export interface JobOfTenant {
  tenantId: string
  job: NewJob
  /** The spec as stored, and its size as JSON. */
  spec: { packed: Buffer; bytes: number }
  /** The limits of tenants without their own. */
  settings: Limits
}

/** Compresses the spec, which takes longer than the rest of the job. */
export function jobOfTenant(tenantId: string, job: NewJob, settings: Limits): JobOfTenant {
  return { tenantId, job, spec: { packed: packJson(job.spec), bytes: specBytes(job.spec) }, settings }
}

/** Compresses one spec a step. */
export function* compressSpecs(
  tenantId: string,
  jobs: readonly NewJob[],
  settings: Limits,
): Generator<void, JobOfTenant[]> {
  const items: JobOfTenant[] = []
  for (const job of jobs) {
    items.push(jobOfTenant(tenantId, job, settings))
    yield
  }
  return items
}

/** The row of each job, in the order of the input. */
export const createdRowSchema = z.strictObject({
  hasDataset: z.boolean(),
  hasValidation: z.boolean(),
  hasModel: z.boolean(),
  queuedJobs: z.number(),
  storedBytes: z.number(),
  /** The bytes that this job adds to the tenant's. */
  bytes: z.number(),
  own: z.unknown(),
  createdAt: z.date().nullable(),
  queuePosition: z.int().nullable(),
})
export type CreatedRow = z.infer<typeof createdRowSchema>

/**
 * Datasets and models stay locked until the jobs are stored; a later deletion counts the jobs. A job counts
 * all jobs before it in the batch, including refused ones. `createJobs` therefore retries those that are
 * refused for that reason only.
 */
const createJobsStatement = statement(
  'createJobs',
  createdRowSchema,
  `
    WITH item AS MATERIALIZED (
      SELECT *, "jobBytes"('${initialStatus}', parameters, epochs, "specBytes", 0)
        + "sizeOfLabels"(name, NULL, '{}', metadata) AS bytes FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::jsonb[], $6::text[], $7::text[], $8::int[],
        $9::text[], $10::text[], $11::text[], $12::int[], $13::float8[], $14::float8[], $15::int[], $16::int[], $17::float8[],
        $18::float8[], $19::int[], $20::int[], $21::bool[], $22::text[], $23::text[],
        $24::text[], $25::text[], $26::int[], $27::int[], $28::bytea[],
        $29::jsonb[], $30::text[], $31::text[], $32::int[], $33::text[], $34::bytea[], $35::int[], $36::text[], $37::bool[])
        WITH ORDINALITY AS item(id, "tenantId", name, spec, metadata, "requestId", "traceId", priority, "datasetId",
          "validationDatasetId", "modelId", parameters, "arenaBytes", "flopsPerEpoch", "stepsPerEpoch", epochs, "maximumJobs",
          "maximumBytes", "specBytes", threads, "hasFolds", "retrainOf",
          "registerAs", "registerKeyId", "sweepId", trial, "pauseAfter", identity, changes,
          backend, "forkOf", "forkEpoch", verifies, prefix, rank, "spanId", "isSampled", place)
    ), dataset AS MATERIALIZED (
      SELECT id, "tenantId" FROM "Dataset" WHERE id = ANY($9::text[] || $10::text[]) ORDER BY id FOR KEY SHARE
    ), model AS MATERIALIZED (
      SELECT id, "tenantId" FROM "Model" WHERE id = ANY($11::text[]) ORDER BY id FOR KEY SHARE
    ), tenant AS MATERIALIZED (
      SELECT locked."tenantId", locked.use, (SELECT limits FROM "Tenant" WHERE "Tenant".id = locked."tenantId") AS own FROM (
        SELECT "tenantId", "lockedUse"("tenantId") AS use FROM (SELECT DISTINCT "tenantId" FROM item ORDER BY "tenantId") AS each
      ) AS locked
    ), counted AS MATERIALIZED (
      SELECT item.*, tenant.own,
        "datasetId" IS NULL OR EXISTS (SELECT FROM dataset WHERE dataset.id = item."datasetId"
          AND dataset."tenantId" = item."tenantId") AS "hasDataset",
        "validationDatasetId" IS NULL OR EXISTS (SELECT FROM dataset WHERE dataset.id = item."validationDatasetId"
          AND dataset."tenantId" = item."tenantId") AS "hasValidation",
        "modelId" IS NULL OR EXISTS (SELECT FROM model WHERE model.id = item."modelId"
          AND model."tenantId" = item."tenantId") AS "hasModel",
        (use)."queuedJobs" + row_number() OVER earlier AS "queuedJobs",
        (use)."storedBytes" + sum(bytes) OVER earlier AS "storedBytes"
      FROM item JOIN tenant ON tenant."tenantId" = item."tenantId"
      WINDOW earlier AS (PARTITION BY item."tenantId" ORDER BY place)
    ), created AS (
      INSERT INTO "Job" (id, "tenantId", name, spec, metadata, "requestId", "traceId", priority, "datasetId",
        "validationDatasetId", parameters, "arenaBytes", "flopsPerEpoch", "stepsPerEpoch", epochs, "specBytes", threads, "hasFolds",
        "fromModelId", "retrainOf", "registerAs", "registerKeyId", "sweepId", trial, "pauseAfter", identity, changes,
        backend, "forkOf", "forkEpoch", verifies, prefix, "spanId", "isSampled")
      SELECT id, "tenantId", name, spec, metadata, "requestId", "traceId", priority, "datasetId", "validationDatasetId",
        parameters, "arenaBytes", "flopsPerEpoch", "stepsPerEpoch", epochs, "specBytes", threads, "hasFolds", "modelId",
        "retrainOf", "registerAs", "registerKeyId", "sweepId", trial, "pauseAfter", identity, changes, backend,
        "forkOf", "forkEpoch", verifies, prefix, "spanId", "isSampled"
      FROM counted
      WHERE "hasDataset" AND "hasValidation" AND "hasModel"
        AND "queuedJobs" <= coalesce((own ->> 'queuedJobs')::float8, "maximumJobs")
        AND "storedBytes" <= coalesce((own ->> 'storedBytes')::float8, "maximumBytes")
      ORDER BY rank, place
      RETURNING id, "createdAt"
    )
    SELECT "hasDataset", "hasValidation", "hasModel", "queuedJobs", "storedBytes", bytes, own, "createdAt",
      CASE WHEN created.id IS NOT NULL THEN ("queuePlace"("tenantId", priority, (
        (SELECT coalesce(sum(jobs), 0) FROM "QueueCount" AS queue
          WHERE queue."tenantId" = counted."tenantId" AND queue.priority = counted.priority)
        + count(created.id) OVER (PARTITION BY "tenantId", priority ORDER BY place)
      )::int, 9223372036854775807, threads, NULL))[1]::int + (count(created.id) OVER (PARTITION BY "tenantId" ORDER BY priority DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP))::int END AS "queuePosition"
    FROM counted LEFT JOIN created ON created.id = counted.id
    ORDER BY place`,
)

function toValues(items: readonly JobOfTenant[]): unknown[] {
  const column = <T>(value: (item: JobOfTenant) => T) => items.map(value)
  return [
    column(({ job }) => job.id),
    column(({ tenantId }) => tenantId),
    column(({ job }) => job.name),
    column(({ spec }) => spec.packed),
    column(({ job }) => JSON.stringify(job.metadata)),
    column(({ job }) => job.requestId),
    column(({ job }) => job.traceId),
    column(({ job }) => job.priority),
    column(({ job }) => job.datasetId),
    column(({ job }) => job.validationDatasetId),
    column(({ job }) => job.spec.from ?? null),
    column(({ job }) => job.parameters),
    column(({ job }) => job.arenaBytes),
    column(({ job }) => job.flopsPerEpoch),
    column(({ job }) => job.stepsPerEpoch),
    column(({ job }) => lastPlannedEpoch(job)),
    column(({ settings }) => settings.queuedJobs),
    column(({ settings }) => settings.storedBytes),
    column(({ spec }) => spec.bytes),
    column(({ job }) => job.spec.threads),
    column(({ job }) => job.spec.earlyStopping?.folds !== undefined),
    column(({ job }) => job.retraining?.modelId ?? null),
    column(({ job }) => job.retraining?.registry ?? null),
    column(({ job }) => job.retraining?.keyId ?? null),
    column(({ job }) => job.sweep?.id ?? null),
    column(({ job }) => job.sweep?.trial ?? null),
    column(({ job }) => job.pauseAfter),
    column(({ job }) => job.identity),
    column(({ job }) => JSON.stringify(job.changes)),
    column(({ job }) => job.backend),
    column(({ job }) => (job.replay?.epoch == null ? null : job.replay.jobId)),
    column(({ job }) => job.replay?.epoch ?? null),
    column(({ job }) => (job.replay?.epoch === null ? job.replay.jobId : null)),
    column(({ job }) => job.sharing?.prefix ?? null),
    column(({ job }) => job.sharing?.rank ?? 0),
    column(({ job }) => job.spanId),
    column(({ job }) => job.isSampled),
  ]
}

const lastPlannedEpoch = ({ spec: { stopAfter, epochs } }: NewJob) => stopAfter ?? epochs

/** The job, or the Problem that refuses it. */
export type Outcome = Job | Problem

/** Stores the jobs. `run` sends the statement, on a connection or in a transaction. */
export async function createJobs(
  run: (statement: Statement<CreatedRow>, values: unknown[]) => Promise<CreatedRow[]>,
  items: readonly JobOfTenant[],
): Promise<Outcome[]> {
  const rows = await run(createJobsStatement, toValues(items))
  const notStored = new NotStored()
  const outcomes = items.map(
    (item, index) => createdJob(item.job, rows[index]) ?? notStored.add(item, rows[index]),
  )
  const left = items.filter((_item, index) => outcomes[index] === null)
  const answers = (left.length === 0 ? [] : await createJobs(run, left)).values()
  return outcomes.map((outcome) => {
    const answer = outcome ?? answers.next().value
    if (answer === undefined) throw new Error('A job was neither stored nor refused.')
    return answer
  })
}

/** The refused jobs of a batch, which the statement counted for the jobs after them. */
class NotStored {
  readonly #counted = new Map<string, Pick<Use, 'queuedJobs' | 'storedBytes'>>()

  /** The Problem that refuses the job. Null if the job may fit without the refused jobs before it. */
  add({ tenantId, job, settings }: JobOfTenant, row: CreatedRow): Problem | null {
    const before = this.#counted.get(tenantId)
    const { queuedJobs, storedBytes } = before ?? { queuedJobs: 0, storedBytes: 0 }
    const use = {
      queuedJobs: row.queuedJobs - queuedJobs,
      runningJobs: 0,
      storedBytes: row.storedBytes - storedBytes,
    }
    const refusal = missingSource(job, row) ?? limitProblem(use, settings, row)
    if (refusal === null && before === undefined) {
      throw new Error(`Job ${job.id} was not stored, although no limit refuses it.`)
    }
    this.#counted.set(tenantId, { queuedJobs: queuedJobs + 1, storedBytes: storedBytes + row.bytes })
    return refusal
  }
}

/** Null if the job was not stored. */
function createdJob(job: NewJob, row: CreatedRow): Job | null {
  if (row.createdAt === null) return null
  return {
    id: job.id,
    object: 'job',
    name: job.name,
    status: initialStatus,
    createdAt: row.createdAt.toISOString(),
    startedAt: null,
    finishedAt: null,
    epoch: 0,
    epochs: lastPlannedEpoch(job),
    metrics: { loss: null, accuracy: null, valLoss: null, valAccuracy: null },
    bestEpoch: null,
    epochsKept: null,
    parameters: job.parameters,
    arenaBytes: job.arenaBytes,
    flopsPerEpoch: job.flopsPerEpoch,
    backend: job.backend,
    backendDetail: null,
    queuePosition: row.queuePosition,
    estimatedStartAt: null,
    estimatedFinishAt: null,
    modelId: null,
    error: null,
    spec: job.spec,
    priority: job.priority,
    changes: job.changes,
    notes: null,
    tags: [],
    metadata: job.metadata,
    retraining: toRetraining(job.retraining?.modelId ?? null, job.retraining?.registry ?? null),
    sweep: job.sweep,
    forkOf: job.replay?.epoch == null ? null : { job: job.replay.jobId, epoch: job.replay.epoch },
    verifies: job.replay?.epoch === null ? job.replay.jobId : null,
    test: null,
    reusedFrom: null,
    continuedFrom: null,
    links: jobLinks(job.id),
  }
}

function missingSource(job: NewJob, row: CreatedRow): Problem | null {
  const missing = [
    { field: 'dataset', id: job.datasetId, isThere: row.hasDataset },
    { field: 'validationDataset', id: job.validationDatasetId, isThere: row.hasValidation },
    { field: 'from', id: job.spec.from, isThere: row.hasModel },
  ].find(({ isThere }) => !isThere)
  if (missing === undefined) return null
  return new Problem('invalid-spec', `${missing.id} no longer exists.`, [
    { pointer: `/${missing.field}`, message: 'no longer exists' },
  ])
}

function limitProblem(use: Use, settings: Limits, row: CreatedRow): Problem | null {
  try {
    checkUse(use, { settings, own: ownLimitsSchema.parse(row.own ?? {}) }, ['queuedJobs', 'storedBytes'])
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  return null
}
