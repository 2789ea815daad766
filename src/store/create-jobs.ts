/**
 * Storing new jobs: one statement for however many came, which locks what they train on, counts what their tenants have, and
 * says of each whether it was stored and what its place in the queue is.
 */
import { z } from 'zod'
import { initialStatus, type Job } from '../contract/job.js'
import { type Limits, ownLimitsSchema, type Use } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { NewJob } from '../training/ports/jobs.js'
import { jobLinks } from './job-rows.js'
import { packJson } from './packed-json.js'
import { type Statement, statement } from './statements.js'
import { checkUse, specBytes } from './tenant-limits.js'

export interface JobOfTenant {
  tenantId: string
  job: NewJob
  /** Of tenants that have none of their own. */
  settings: Limits
}

/** What the statement answers of each job; test/store/rows.test.ts compares. */
export const createdRowSchema = z.strictObject({
  hasDataset: z.boolean(),
  hasValidation: z.boolean(),
  hasModel: z.boolean(),
  queuedJobs: z.number(),
  storedBytes: z.number(),
  /** Of this job. */
  bytes: z.number(),
  own: z.unknown(),
  createdAt: z.date().nullable(),
  queuePosition: z.int().nullable(),
})
export type CreatedRow = z.infer<typeof createdRowSchema>

/**
 * Until the jobs are stored, nobody deletes what they train on or start from; afterwards a deletion counts them. A job counts
 * all before it in the batch, also those that are not stored: `createJobs` asks again for what that refuses.
 */
export const createJobsStatement = statement(
  'createJobs',
  createdRowSchema,
  `
    WITH item AS MATERIALIZED (
      SELECT *, "jobBytes"('${initialStatus}', parameters, epochs, "specBytes", 0) AS bytes FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::jsonb[], $6::text[], $7::text[], $8::int[],
        $9::text[], $10::text[], $11::text[], $12::int[], $13::float8[], $14::float8[], $15::int[], $16::int[], $17::float8[],
        $18::float8[], $19::int[], $20::int[], $21::bool[])
        WITH ORDINALITY AS item(id, "tenantId", name, spec, metadata, "requestId", "traceId", priority, "datasetId",
          "validationDatasetId", "modelId", parameters, "arenaBytes", "flopsPerEpoch", "stepsPerEpoch", epochs, "maximumJobs",
          "maximumBytes", "specBytes", threads, "hasFolds", place)
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
        "fromModelId")
      SELECT id, "tenantId", name, spec, metadata, "requestId", "traceId", priority, "datasetId", "validationDatasetId",
        parameters, "arenaBytes", "flopsPerEpoch", "stepsPerEpoch", epochs, "specBytes", threads, "hasFolds", "modelId"
      FROM counted
      WHERE "hasDataset" AND "hasValidation" AND "hasModel"
        AND "queuedJobs" <= coalesce((own ->> 'queuedJobs')::float8, "maximumJobs")
        AND "storedBytes" <= coalesce((own ->> 'storedBytes')::float8, "maximumBytes")
      ORDER BY place
      RETURNING id, "createdAt"
    )
    SELECT "hasDataset", "hasValidation", "hasModel", "queuedJobs", "storedBytes", bytes, own, "createdAt",
      CASE WHEN created.id IS NOT NULL THEN "queuePosition"("tenantId", priority, (
        (SELECT coalesce(sum(jobs), 0) FROM "QueueCount" AS queue
          WHERE queue."tenantId" = counted."tenantId" AND queue.priority = counted.priority)
        + count(created.id) OVER (PARTITION BY "tenantId", priority ORDER BY place)
      )::int, 9223372036854775807) + (count(created.id) OVER (PARTITION BY "tenantId" ORDER BY priority DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP))::int END AS "queuePosition"
    FROM counted LEFT JOIN created ON created.id = counted.id
    ORDER BY place`,
)

function valuesOf(items: readonly JobOfTenant[]): unknown[] {
  const of = <T>(value: (item: JobOfTenant) => T) => items.map(value)
  return [
    of(({ job }) => job.id),
    of(({ tenantId }) => tenantId),
    of(({ job }) => job.name),
    of(({ job }) => packJson(job.spec)),
    of(({ job }) => JSON.stringify(job.metadata)),
    of(({ job }) => job.requestId),
    of(({ job }) => job.traceId),
    of(({ job }) => job.priority),
    of(({ job }) => job.datasetId),
    of(({ job }) => job.validationDatasetId),
    of(({ job }) => job.spec.from ?? null),
    of(({ job }) => job.parameters),
    of(({ job }) => job.arenaBytes),
    of(({ job }) => job.flopsPerEpoch),
    of(({ job }) => job.stepsPerEpoch),
    of(({ job }) => job.spec.epochs),
    of(({ settings }) => settings.queuedJobs),
    of(({ settings }) => settings.storedBytes),
    of(({ job }) => specBytes(job.spec)),
    of(({ job }) => job.spec.threads),
    of(({ job }) => job.spec.earlyStopping?.folds !== undefined),
  ]
}

/** The job, or the Problem why it was not stored. */
export type Outcome = Job | Problem

/** Each job, or why it was refused. `run` sends the statement, on a connection or within a transaction. */
export async function createJobs(
  run: (statement: Statement<CreatedRow>, values: unknown[]) => Promise<CreatedRow[]>,
  items: readonly JobOfTenant[],
): Promise<Outcome[]> {
  const rows = await run(createJobsStatement, valuesOf(items))
  const notStored = new NotStored()
  const outcomes = items.map(
    (item, index) => createdJob(item.job, rows[index]) ?? notStored.add(item, rows[index]),
  )
  const left = items.filter((_item, index) => outcomes[index] === null)
  const answers = (left.length === 0 ? [] : await createJobs(run, left)).values()
  return outcomes.map((outcome) => {
    const answer = outcome ?? answers.next().value
    if (answer === undefined) throw new Error('a job was neither stored nor refused')
    return answer
  })
}

/** The jobs of a batch that were not stored, which the statement counts before those that come after them. */
class NotStored {
  readonly #counted = new Map<string, Pick<Use, 'queuedJobs' | 'storedBytes'>>()

  /** Why the job is refused; null when it may fit, since those before it were not stored either. */
  add({ tenantId, job, settings }: JobOfTenant, row: CreatedRow): Problem | null {
    const before = this.#counted.get(tenantId)
    const { queuedJobs, storedBytes } = before ?? { queuedJobs: 0, storedBytes: 0 }
    const use = {
      queuedJobs: row.queuedJobs - queuedJobs,
      runningJobs: 0,
      storedBytes: row.storedBytes - storedBytes,
    }
    const refusal = missingSource(job, row) ?? refusalOf(use, settings, row)
    if (refusal === null && before === undefined) {
      throw new Error(`job ${job.id} was not stored, and no limit says why`)
    }
    this.#counted.set(tenantId, { queuedJobs: queuedJobs + 1, storedBytes: storedBytes + row.bytes })
    return refusal
  }
}

/** Null when it was not stored. */
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
    epochs: job.spec.epochs,
    metrics: { loss: null, accuracy: null, valLoss: null, valAccuracy: null },
    bestEpoch: null,
    epochsKept: null,
    parameters: job.parameters,
    arenaBytes: job.arenaBytes,
    flopsPerEpoch: job.flopsPerEpoch,
    backend: null,
    backendDetail: null,
    queuePosition: row.queuePosition,
    estimatedFinishAt: null,
    modelId: null,
    error: null,
    spec: job.spec,
    priority: job.priority,
    changes: [],
    metadata: job.metadata,
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

function refusalOf(use: Use, settings: Limits, row: CreatedRow): Problem | null {
  try {
    checkUse(use, { settings, own: ownLimitsSchema.parse(row.own ?? {}) }, ['queuedJobs', 'storedBytes'])
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  return null
}
