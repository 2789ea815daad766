/** A database from before jobs were counted keeps the order of its jobs, and gets the sums of its rows. */
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobStatusSchema } from '../../src/contract/job-status.js'
import { joinPieces } from '../../src/store/bytes.js'
import { type Database, openDatabase } from '../../src/store/database.js'
import { jobStore } from '../../src/store/jobs.js'
import { runStore } from '../../src/store/runs.js'
import { tenantStore } from '../../src/store/tenants.js'
import { usageStore } from '../../src/store/usage.js'
import { snapshotStore } from '../../src/store/weight-snapshots.js'
import { expectTrueCounters } from '../support/counters.js'
import { type EarlierDatabase, earlierDatabase } from '../support/earlier-database.js'
import { claimNext, linearModel, newJob, xorSpec } from '../support/stores.js'
import { turnsOf } from '../support/turns.js'

/** All statuses, of three tenants, created in pairs at the same time and inserted in another order. */
const jobs = Array.from({ length: 36 }, (_, index) => ({
  id: `job_${String((index * 17) % 36).padStart(2, '0')}`,
  tenantId: ['a', 'b', 'c'][index % 3],
  status: jobStatusSchema.options[Math.floor(index / 3) % jobStatusSchema.options.length],
  priority: index % 5 === 0 ? 1 : 0,
  parameters: 1_000 + index,
  createdAt: new Date(Date.UTC(2026, 0, 1) + 1_000 * Math.floor((35 - index) / 2)),
}))
const bySubmission = jobs
  .toSorted((x, y) => x.createdAt.getTime() - y.createdAt.getTime() || (x.id < y.id ? -1 : 1))
  .map(({ id }) => id)
/** A job that has snapshots. */
const drawn = jobs.filter(({ status }) => status === 'succeeded')[0].id
const { coding, tensors, network, layers, weights } = linearModel()

let earlier: EarlierDatabase
let database: Database
let client: pg.Client

beforeAll(async () => {
  earlier = await earlierDatabase(13)
  client = earlier.client
  await fill()
  await earlier.upgrade()
  database = openDatabase(earlier.connectionString)
})

afterAll(async () => {
  await database?.$disconnect()
  await earlier?.drop()
})

async function fill(): Promise<void> {
  for (const { id, tenantId, status, priority, parameters, createdAt } of jobs) {
    await client.query(
      `INSERT INTO "Job" (id, "tenantId", status, priority, parameters, "createdAt", spec, "arenaBytes", "flopsPerEpoch",
        epochs, "workerId", "heartbeatAt")
       VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 100, 100, 'worker_old', now())`,
      [id, tenantId, status, priority, parameters, createdAt, JSON.stringify(xorSpec())],
    )
  }
  await client.query(
    `INSERT INTO "IdempotencyKey" ("tenantId", key, fingerprint, answer)
     SELECT 'a', n::text, '', '{"object":"job"}' FROM generate_series(1, 3) AS n`,
  )
  for (const [tenantId, bytes] of [
    ['a', 1_000],
    ['a', 50],
    ['only models', 7],
  ] as const) {
    const id = `model_${bytes}`
    await client.query(
      `INSERT INTO "Model" (id, "tenantId", network, loss, layers, coding, parameters, tensors, "weightBytes", "weightSha256")
       VALUES ($1, $2, $3, 'huber', $4, $5, 1, $6, $7, '')`,
      [id, tenantId, network, JSON.stringify(layers), coding, JSON.stringify(tensors), bytes],
    )
    const chunk = Buffer.alloc(bytes)
    await client.query('INSERT INTO "WeightChunk" ("modelId", index, bytes) VALUES ($1, 0, $2)', [id, chunk])
  }
  await client.query(
    `INSERT INTO "Dataset" (id, "tenantId", origin, columns, rows, bytes) VALUES ('ds_1', 'b', 'uploaded', '[]', 1, 300)`,
  )
  await client.query(
    `INSERT INTO "DatasetChunk" ("datasetId", index, "firstRow", rows, bytes) VALUES ('ds_1', 0, 0, 1, $1)`,
    [Buffer.alloc(300)],
  )
  for (const epoch of [0, 1, 2, 5]) {
    await client.query(
      'INSERT INTO "WeightSnapshot" ("jobId", epoch, kept, header, bytes) VALUES ($1, $2, $3, $4, $5)',
      [...[drawn, epoch, epoch < 5, { coding, tensors }], Buffer.from(joinPieces(weights)).fill(epoch)],
    )
  }
}

describe('a database filled before migration 0014', () => {
  it('keeps the states of its jobs, and numbers them in the order of their creation', async () => {
    const rows = await database.job.findMany({ orderBy: { queueNumber: 'asc' } })
    expect(rows.map(({ id }) => id)).toEqual(bySubmission)
    const statusOf = new Map(jobs.map(({ id, status }) => [id, status]))
    expect(rows.map(({ status }) => status)).toEqual(rows.map(({ id }) => statusOf.get(id)))
  })

  it('has the sums of its rows', async () => {
    await expectTrueCounters(database)
    const { use } = tenantStore(database)
    const [{ specBytes }] = await database.$queryRaw<{ specBytes: number }[]>`
      SELECT sum(length(spec) - 1)::int AS "specBytes" FROM "Job" WHERE "tenantId" = 'a'`
    expect(await use('only models')).toEqual({ queuedJobs: 0, runningJobs: 0, storedBytes: 7 })
    const ofA = jobs.filter(({ tenantId }) => tenantId === 'a')
    const unfinished = ofA.filter(({ status }) => ['queued', 'paused', 'running'].includes(status))
    const running = unfinished.filter(({ status }) => status === 'running').length
    expect(await use('a')).toEqual({
      queuedJobs: unfinished.length - running,
      runningJobs: running,
      // Weights and 100 epochs of unfinished jobs, and all specs as text.
      storedBytes:
        1_050 +
        unfinished.reduce((sum, { parameters }) => sum + 4 * parameters + 3_200, 0) +
        specBytes +
        // Three kept snapshots.
        3 * weights.length +
        // Three answers of 16 characters.
        3 * (1 + 16 + 300),
    })
  })

  it('has the usage of its ended jobs', async () => {
    const filter = { tenantId: undefined, from: '2026-01-01', to: '2026-01-01', isTotal: false }
    const { data } = await usageStore(database).list(filter, { limit: 100 })
    const ended = { jobs: { succeeded: 2, failed: 2, cancelled: 2 }, threadSeconds: 0, epochs: 0 }
    expect(data).toEqual(
      ['a', 'b', 'c'].map((tenantId) => ({ object: 'usage', tenantId, day: '2026-01-01', ...ended })),
    )
  })

  it('shows its snapshots as before', async () => {
    const { taken, ...header } = await snapshotStore(database).read(drawn, -1, 100)
    expect(header).toEqual({ coding, tensors })
    expect(taken.map(({ epoch, kept, bytes }) => [epoch, kept, bytes[0], bytes.length])).toEqual([
      [0, true, 0, weights.length],
      [1, true, 1, weights.length],
      [2, true, 2, weights.length],
      [5, false, 5, weights.length],
    ])
    const { rows } = await client.query('SELECT epoch FROM "WeightSnapshot" WHERE header IS NOT NULL')
    expect(rows).toEqual([{ epoch: 0 }])
  })

  it('counts a job of a dead worker as claimed alone, and runs old jobs before new ones', async () => {
    const jobsOfAll = jobStore(database)
    await jobsOfAll.releaseWorker('worker_old')
    const released = jobs.filter(({ status }) => status === 'running').map(({ id }) => id)
    const rows = await database.job.findMany({ where: { id: { in: released } } })
    for (const row of rows) expect(row).toMatchObject({ status: 'queued', crashes: 1, claimAlone: false })
    const { id, queuePosition } = await jobsOfAll.of('a').create(newJob())
    const turns = await turnsOf(database)
    expect(1 + turns.findIndex((turn) => turn.id === id)).toBe(queuePosition)
    expect(turns.filter(({ tenantId }) => tenantId === 'a').at(-1)?.id).toBe(id)
    const runs = runStore(database)
    expect((await claimNext(runs, 'worker_a'))?.jobId).toBe(turns[0].id)
    expect(await jobsOfAll.of(turns[1].tenantId).cancel(turns[1].id)).toBe(true)
    await expectTrueCounters(database)
  })
})
