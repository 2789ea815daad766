/** An API process is killed while it deletes a tenant, and another one continues. */
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createKey } from '../support/create-key.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'

const jobs = 30_000

/** Queued jobs with an epoch batch each. */
const fill = (tenant: string, count: number) => `
  INSERT INTO "Tenant" (id) VALUES ('${tenant}');
  INSERT INTO "Job" (id, spec, status, "finishedAt", "tenantId", parameters, "arenaBytes", "flopsPerEpoch", epochs)
    SELECT '${tenant}_' || n, '\\x00'::bytea, 'queued', NULL, '${tenant}', 17, 1, 1, 1 FROM generate_series(1, ${count}) AS n;
  INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics)
    SELECT '${tenant}_' || n, 1, 1, '\\x00'::bytea FROM generate_series(1, ${count}) AS n`

it('continues the deletion of a tenant after kill -9', async () => {
  const DATABASE_URL = await freshDatabaseOfTest()
  const client = new pg.Client(DATABASE_URL)
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(fill('large', jobs))
  await client.query(fill('other', 1_000))
  const key = await createKey(DATABASE_URL, 'operators', ['admin'])
  const count = async (tenant: string) => {
    const sql = `SELECT count(*)::int AS jobs, count("EpochBatch".*)::int AS batches FROM "Job"
      LEFT JOIN "EpochBatch" ON "jobId" = id WHERE "tenantId" = $1`
    return (await client.query<{ jobs: number; batches: number }>(sql, [tenant])).rows[0]
  }
  const ask = async (url: string, method = 'GET') => {
    const headers = { authorization: `Bearer ${key}` }
    const answer = await fetch(`${url}/admin/tenants/large${method === 'DELETE' ? '?confirm=large' : ''}`, {
      method,
      headers,
    })
    return { status: answer.status, body: await answer.json() }
  }

  const first = await startService({ DATABASE_URL }, 'dist/src/server.js')
  onTestFinished(() => void first.stop('SIGKILL'))
  expect(await ask(first.url, 'DELETE')).toMatchObject({ status: 202, body: { status: 'deleting' } })
  await eventually(async () => ((await count('large')).jobs < jobs ? true : undefined))
  await first.stop('SIGKILL')
  const { jobs: left } = await count('large')
  expect(left).toBeGreaterThan(0)

  const second = await startService({ DATABASE_URL }, 'dist/src/server.js')
  onTestFinished(() => void second.stop())
  expect(await ask(second.url)).toMatchObject({ status: 200, body: { status: 'deleting' } })
  await eventually(async () => ((await ask(second.url)).status === 404 ? true : undefined))
  expect(await count('large')).toEqual({ jobs: 0, batches: 0 })
  expect(await count('other')).toEqual({ jobs: 1_000, batches: 1_000 })
  const { rows } = await client.query(
    `SELECT action FROM "AuditEntry" WHERE "tenantId" = 'large' ORDER BY id`,
  )
  expect(rows).toEqual([{ action: 'tenant.deletionRequested' }, { action: 'tenant.deleted' }])
  const usage = await client.query(
    `SELECT sum(cancelled) AS jobs FROM "TenantUsage" WHERE "tenantId" = 'large'`,
  )
  expect(usage.rows).toEqual([{ jobs }])
}, 120_000)
