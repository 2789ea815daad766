/** The statement that reads jobs, and the conversion of its rows. */
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { type Job, jobErrorSchema } from '../contract/job.js'
import { changeSchema } from '../contract/job-change.js'
import { type JobSpec, jobSpecSchema } from '../contract/job-spec.js'
import type { JobStatus } from '../contract/job-status.js'
import { toBuffer } from './bytes.js'
import type { Database } from './database.js'
import { finiteMetrics } from './epochs.js'
import { estimateTimes } from './estimate-times.js'
import { unpackJson } from './packed-json.js'
import { type Client, query, send, statement } from './statements.js'
import { statusIn } from './transitions.js'
import { liveThreads } from './workers.js'

/** The row of a job. */
export const jobRowSchema = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  name: z.string().nullable(),
  status: z.custom<JobStatus>((value) => typeof value === 'string'),
  spec: z.instanceof(Uint8Array),
  notes: z.string().nullable(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.string()).nullable(),
  retrainOf: z.string().nullable(),
  registerAs: z.string().nullable(),
  sweepId: z.string().nullable(),
  trial: z.int().nullable(),
  testCount: z.int(),
  testedAt: z.date().nullable(),
  reusedFrom: z.string().nullable(),
  forkOf: z.string().nullable(),
  forkEpoch: z.int().nullable(),
  verifies: z.string().nullable(),
  continuedFrom: z.string().nullable(),
  continuedEpoch: z.int().nullable(),
  priority: z.int(),
  changes: z.array(z.unknown()),
  parameters: z.int(),
  arenaBytes: z.number(),
  flopsPerEpoch: z.number(),
  epochs: z.int(),
  epoch: z.int(),
  backend: z.string().nullable(),
  backendDetail: z.string().nullable(),
  loss: z.number().nullable(),
  accuracy: z.number().nullable(),
  valLoss: z.number().nullable(),
  valAccuracy: z.number().nullable(),
  bestEpoch: z.int().nullable(),
  epochsKept: z.int().nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  errorEpoch: z.int().nullable(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
  modelId: z.string().nullable(),
  queuePlace: z.tuple([z.int(), z.number().nullable()]).nullable(),
  expectedSeconds: z.number().nullable(),
})
export type JobRow = z.infer<typeof jobRowSchema>

const isQueued = statusIn(['queued'], 'job.status')

/** Columns of "Job" AS job and "Model" AS model, which may be missing. */
export const jobColumns = `
      job.id, job."tenantId", job.name, job.status, job.spec, job.notes, job.tags, job.metadata, job."retrainOf", job."registerAs", job."sweepId", job.trial, job."testCount", job."testedAt", job."reusedFrom", job."forkOf", job."forkEpoch", job.verifies, job."continuedFrom", job."continuedEpoch", job.priority, job.changes, job.parameters,
      job."arenaBytes", job."flopsPerEpoch", job.epochs, job.epoch, job.backend, job."backendDetail",
      job.loss, job.accuracy, job."valLoss", job."valAccuracy", job."bestEpoch", job."epochsKept",
      job."errorCode", job."errorMessage", job."errorEpoch", job."createdAt", job."startedAt", job."finishedAt",
      model.id AS "modelId",
      CASE WHEN ${isQueued} THEN "queuePlace"(job."tenantId", job.priority,
        "queueRank"(job."tenantId", job.priority, job."queueNumber"), job."queueNumber", job.threads, ${liveThreads})
        END AS "queuePlace",
      CASE WHEN ${isQueued} THEN (SELECT "timeScale" FROM "QueueClock")
        * "estimatedSeconds"(job.epochs - job.epoch, job."stepsPerEpoch", job."flopsPerEpoch") END AS "expectedSeconds"`

/** $1 ids. */
export const readJobsStatement = statement(
  'readJobs',
  jobRowSchema,
  `
    SELECT ${jobColumns}
    FROM "Job" AS job LEFT JOIN "Model" AS model ON model."jobId" = job.id
    WHERE job.id = ANY($1::text[])`,
)

/** The existing jobs by id. */
export async function readJobs(
  { pool }: Pick<Database, 'pool'>,
  ids: readonly string[],
): Promise<Map<string, { tenantId: string; job: Job }>> {
  const rows = await send(pool, readJobsStatement, [ids])
  return new Map(rows.map((row) => [row.id, { tenantId: row.tenantId, job: toJob(row) }]))
}

/** An existing job, in a transaction. */
export async function readJob(client: Client, id: string): Promise<Job> {
  const [row] = await query(client, readJobsStatement, [[id]])
  return toJob(row)
}

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    object: 'job',
    name: row.name,
    status: row.status,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    epoch: row.epoch,
    epochs: row.epochs,
    metrics: finiteMetrics(row),
    bestEpoch: row.bestEpoch,
    epochsKept: row.epochsKept,
    parameters: row.parameters,
    arenaBytes: row.arenaBytes,
    flopsPerEpoch: row.flopsPerEpoch,
    backend: row.backend,
    backendDetail: row.backendDetail,
    queuePosition: row.queuePlace?.[0] ?? null,
    ...estimateTimes(row),
    modelId: row.modelId,
    error:
      row.errorCode === null
        ? null
        : jobErrorSchema.parse({ code: row.errorCode, message: row.errorMessage, epoch: row.errorEpoch }),
    spec: parseSpec(row.spec),
    priority: row.priority,
    changes: row.changes.map((change) => changeSchema.parse(change)),
    notes: row.notes,
    tags: row.tags,
    metadata: row.metadata ?? {},
    retraining: toRetraining(row.retrainOf, row.registerAs),
    sweep: toJobSweep(row),
    forkOf: toEpochOf(row.forkOf, row.forkEpoch),
    verifies: row.verifies,
    test: row.testedAt === null ? null : { count: row.testCount, firstAt: row.testedAt.toISOString() },
    reusedFrom: row.reusedFrom,
    continuedFrom: toEpochOf(row.continuedFrom, row.continuedEpoch),
    links: jobLinks(row.id),
  }
}

export const toRetraining = (modelId: string | null, registry: string | null): Job['retraining'] =>
  modelId === null ? null : { modelId, registry }

const toEpochOf = (job: string | null, epoch: number | null): Job['forkOf'] =>
  job === null || epoch === null ? null : { job, epoch }

/** Null after the sweep was deleted. */
const toJobSweep = ({ sweepId, trial }: JobRow): Job['sweep'] =>
  sweepId === null || trial === null ? null : { id: sweepId, trial }

export function jobLinks(id: string): Job['links'] {
  const self = `/jobs/${id}`
  return { self, stream: `${self}/stream`, epochs: `${self}/epochs` }
}

/** Parsed specs by their bytes as text. */
const parsed = new LRUCache<string, JobSpec>({ max: 1_000 })
/** Longer specs are not cached. */
const maximumLength = 20_000

/** Parses a stored spec. Returns the same object for the same bytes, which must not be changed. */
export function parseSpec(bytes: Uint8Array): JobSpec {
  const key = bytes.length > maximumLength ? null : toBuffer(bytes).toString('latin1')
  const cached = key === null ? undefined : parsed.get(key)
  if (cached !== undefined) return cached
  const spec = jobSpecSchema.parse(unpackJson(bytes))
  if (key !== null) parsed.set(key, spec)
  return spec
}
