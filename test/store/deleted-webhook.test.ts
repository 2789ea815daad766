/** If the webhook of a job is deleted while the job ends, the job still ends. */
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { byTest } from '../support/actor.js'
import { linearModel, openStores, type Stores, startJob } from '../support/stores.js'

let stores: Stores
let other: pg.Client

beforeAll(async () => {
  stores = await openStores()
  other = new pg.Client({ connectionString: stores.connectionString })
  await other.connect()
})

afterAll(async () => {
  await other.end()
  await stores.close()
})

/** Whether a statement waits for the lock of another transaction. */
async function isAwaited(): Promise<boolean> {
  const { rows } = await other.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}

it('does not prevent the end of a job', async () => {
  await stores.webhooks.create(
    {
      id: 'wh_gone',
      tenantId: 'local',
      url: 'https://example.com/',
      events: ['job.succeeded'],
      secret: 'whsec_',
    },
    byTest,
  )
  const claim = await startJob(stores)
  await other.query('BEGIN')
  await other.query('DELETE FROM "Webhook"')
  const ending = stores.runs.succeed(claim, linearModel())
  ending.catch(() => {})
  while (!(await isAwaited())) {}
  await other.query('COMMIT')
  expect(await ending).toBe(true)
  const { rows } = await other.query('SELECT status FROM "Job"')
  expect(rows).toEqual([{ status: 'succeeded' }])
})
