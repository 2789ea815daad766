/** Production trusts the types of rows. Here, rows of both drivers, with nulls and extremes, are parsed by their schemas. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { jobStatusSchema } from '../../src/contract/job-status.js'
import { Problem } from '../../src/contract/problems.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { claimStatement } from '../../src/store/claims.js'
import { type CreatedRow, createdRowSchema, createJobs, jobOfTenant } from '../../src/store/create-jobs.js'
import { type JobRow, jobRowSchema, readJobsStatement } from '../../src/store/job-rows.js'
import { unpackJson } from '../../src/store/packed-json.js'
import { query, type Statement, send, statement } from '../../src/store/statements.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { byTest } from '../support/actor.js'
import { keyFor } from '../support/keys.js'
import {
  linearModel,
  newJob,
  openStores,
  type Stores,
  setStatus,
  startJob,
  xorSpec,
} from '../support/stores.js'
import { uploadOf } from '../support/tables.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
  // With own limits, so that their column is not always null.
  await keyFor(stores, 'limited', ['jobs:write'])
  await stores.tenants.changeLimits('limited', { queuedJobs: 2, storedBytes: 10_000 }, byTest)
})

afterAll(() => stores.close())

/** With a value in every column. */
function fullJob(changes: Partial<NewJob> = {}): NewJob {
  return newJob({
    name: 'full',
    metadata: { team: 'blue' },
    requestId: 'req_1',
    traceId: 'trace_1',
    spanId: 'span_1',
    isSampled: true,
    priority: 3,
    spec: xorSpec({ threads: 2 }),
    ...changes,
  })
}

describe('rows of jobs', () => {
  async function rowOf(id: string): Promise<JobRow> {
    const [row] = await send(stores.database.pool, readJobsStatement, [[id]])
    return jobRowSchema.parse(row)
  }

  const ends = {
    epoch: 3,
    loss: 0.5,
    accuracy: 1,
    valLoss: 0.25,
    valAccuracy: 0,
    bestEpoch: 2,
    backend: 'wasm',
    backendDetail: 'simd',
    errorCode: 'diverged',
    errorMessage: 'too fast',
    errorEpoch: 3,
    startedAt: new Date(),
    finishedAt: new Date(),
    changes: [{ at: new Date().toISOString(), fromEpoch: 1, before: {}, after: {} }],
  }

  it.each(jobStatusSchema.options)('%s', async (status) => {
    const empty = await stores.jobs.create(newJob())
    await setStatus(stores, empty.id, status)
    expect(await rowOf(empty.id)).toMatchObject({ status, name: null, modelId: null, loss: null })
    const full = await stores.jobs.create(fullJob())
    await setStatus(stores, full.id, status, ends)
    const { changes, ...others } = ends
    const row = await rowOf(full.id)
    expect(row).toMatchObject({ status, name: 'full', metadata: { team: 'blue' }, priority: 3, ...others })
    expect(row.queuePlace === null).toBe(status !== 'queued')
    expect(unpackJson(row.spec)).toMatchObject({ threads: 2 })
  })

  it('with extreme numbers', async () => {
    const most = { arenaBytes: 4 * 1024 ** 3, flopsPerEpoch: 1.5e300, parameters: 2 ** 31 - 1 }
    const { id } = await stores.jobs.create(newJob({ ...most, priority: -100 }))
    expect(await rowOf(id)).toMatchObject({ ...most, priority: -100 })
    await stores.jobs.cancel(id)
  })

  it('with a model', async () => {
    const claim = await startJob(stores)
    const model = linearModel()
    await stores.runs.succeed(claim, model)
    expect(await rowOf(claim.jobId)).toMatchObject({ status: 'succeeded', modelId: model.id })
  })
})

describe('rows of created jobs', () => {
  const settings = { ...unlimited, queuedJobs: 4 }

  /** Stored, refused by a limit, and refused for a missing source. */
  async function create(
    tenantId: string,
    run: (statement: Statement<CreatedRow>, values: unknown[]) => Promise<unknown[]>,
  ) {
    const { id } = await stores.datasets
      .of(tenantId)
      .create(uploadOf(tableFromInline({ x: [0, 1], y: [0, 1] })))
    const jobs = [
      fullJob({ datasetId: id, validationDatasetId: id }),
      newJob({ datasetId: newId('dataset') }),
      newJob({ validationDatasetId: newId('dataset') }),
      newJob({ spec: xorSpec({ from: newId('model') }) }),
      newJob(),
      ...Array.from({ length: 4 }, () => newJob()),
    ]
    const rows: CreatedRow[] = []
    const outcomes = await createJobs(
      async (statement, values) => {
        const read = (await run(statement, values)).map((row) => createdRowSchema.parse(row))
        rows.push(...read)
        return read
      },
      jobs.map((job) => jobOfTenant(tenantId, job, settings)),
    )
    return {
      rows,
      codes: outcomes.map((outcome) => (outcome instanceof Problem ? outcome.code : outcome.status)),
    }
  }

  const codes = (stored: number) => [
    ...['queued', 'invalid-spec', 'invalid-spec', 'invalid-spec'],
    ...Array.from({ length: 5 }, (_, index) => (index + 1 < stored ? 'queued' : 'too-many-jobs')),
  ]

  it.each([
    ['of a tenant with own limits', 'limited', 2],
    ['of others', 'free', 4],
  ])('%s, by node-postgres', async (_name, tenantId, stored) => {
    const done = await create(tenantId, (statement, values) => send(stores.database.pool, statement, values))
    expect(done.codes).toEqual(codes(stored))
    expect(done.rows[0]).toMatchObject({ createdAt: expect.any(Date), queuePosition: expect.any(Number) })
    expect(done.rows[1]).toMatchObject({ hasDataset: false, createdAt: null, queuePosition: null })
    expect(done.rows[2]).toMatchObject({ hasDataset: true, hasValidation: false })
    expect(done.rows[3]).toMatchObject({ hasValidation: true, hasModel: false })
  })

  it('within a transaction of Prisma', async () => {
    const done = await stores.database.$transaction((client) =>
      create('other', (statement, values) => query(client, statement, values)),
    )
    expect(done.codes).toEqual(codes(4))
  })
})

describe('rows of claimed jobs', () => {
  it('of a first attempt and of a later one', async () => {
    await stores.database.job.deleteMany()
    const { id } = await stores.datasets.create(uploadOf(tableFromInline({ x: [0, 1], y: [0, 1] })))
    const full = await stores.jobs.create(
      fullJob({ datasetId: id, validationDatasetId: id, spec: xorSpec() }),
    )
    await stores.database.job.update({
      where: { id: full.id },
      data: { backend: 'wasm', epoch: 3, attempt: 2, changes: [{ fromEpoch: 1 }], priority: 0 },
    })
    const empty = await stores.jobs.create(newJob())
    const claim = [1_000, 2, 2, 'worker_a', 2, 1, 1, [0, 0], null, null]
    const rows = await send(stores.database.pool, claimStatement, claim)
    // With so few queued jobs, a thread takes one only.
    const more = await send(stores.database.pool, claimStatement, claim)
    const claimed = [...rows, ...more].map((row) => claimStatement.row.parse(row))
    expect(claimed).toMatchObject([
      { id: full.id, attempt: 3, epoch: 3, datasetId: id, requestId: 'req_1', backend: 'wasm', left: 1 },
      { id: empty.id, attempt: 1, epoch: 0, datasetId: null, requestId: null, backend: null, left: 0 },
    ])
    const none = await send(stores.database.pool, claimStatement, claim)
    expect(none.map((row) => claimStatement.row.parse(row))).toMatchObject([
      { id: null, left: 0, someFit: false, firstId: null, firstThreads: null },
    ])
  })
})

describe('rows of claimed deliveries', () => {
  const schema = z.strictObject({
    id: z.string(),
    webhookId: z.string(),
    url: z.literal('https://example.com'),
    event: z.literal('job.succeeded'),
    jobId: z.string(),
    tenantId: z.literal('local'),
    traceId: z.literal('trace_1'),
    spanId: z.literal('span_1'),
    isSampled: z.literal(true),
    secrets: z.tuple([z.literal('whsec_')]),
    body: z.string(),
    attempts: z.literal(1),
    attemptsBefore: z.literal(0),
  })

  it('have the data of a request', async () => {
    const webhook = { id: newId('webhook'), tenantId: 'local', url: 'https://example.com', secret: 'whsec_' }
    await stores.webhooks.create({ ...webhook, events: ['job.succeeded'] }, byTest)
    const claim = await startJob(stores, 'worker_a', {
      traceId: 'trace_1',
      spanId: 'span_1',
      isSampled: true,
    })
    await stores.runs.succeed(claim, linearModel())
    const claimed = await stores.webhooks.claim({ attempts: 1, perTenant: 1, perWebhook: 1 }, 60)
    expect(claimed.map((row) => schema.parse(row))).toMatchObject([{ webhookId: webhook.id }])
  })
})

describe('a row that does not match its schema', () => {
  const wrong = statement('wrong', z.strictObject({ number: z.int() }), `SELECT 'one' AS number`)

  it.each([
    ['by node-postgres', () => send(stores.database.pool, wrong, [])],
    ['by Prisma', () => query(stores.database, wrong, [])],
  ])('fails in tests, %s', async (_name, read) => {
    await expect(read()).rejects.toThrow(/wrong: the rows do not match/)
  })
})

describe('two statements', () => {
  it('have two names', () => {
    expect(() => statement('wrong', z.strictObject({}), 'SELECT')).toThrow(
      'There are two statements named wrong.',
    )
  })
})
