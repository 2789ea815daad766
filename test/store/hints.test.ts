/** Hints arrive with the commits, not before, and again after the connection was lost. */
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Hints, listenForHints } from '../../src/store/hints.js'
import type { JobProgress } from '../../src/training/ports/jobs.js'
import { eventually } from '../support/service.js'
import {
  claimJob,
  linearModel,
  newJob,
  openStores,
  type Stores,
  startJob,
  storeEpochs,
} from '../support/stores.js'

let stores: Stores
let hints: Hints
let heard: JobProgress[]
let reconnects: number

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  heard = []
  reconnects = 0
  hints = await listenForHints(stores.connectionString, {
    onHint: (hint) => heard.push(hint),
    onReconnect: () => reconnects++,
  })
})

afterEach(() => hints.close())

/** Resolves when the hints of all earlier commits have arrived. Other transactions may lock the counts of the local tenant. */
async function hearAll(): Promise<void> {
  const jobs = stores.jobs.of('other')
  const { id } = await jobs.create(newJob())
  await jobs.cancel(id)
  await eventually(() => heard.some(({ jobId }) => jobId === id) || undefined)
}

const about = (id: string) =>
  heard.flatMap(({ jobId, status, epoch }) => (jobId === id ? `${status} ${epoch}` : []))

async function cutListeners(): Promise<number> {
  const cut = await stores.database.$queryRaw<unknown[]>`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN%'`
  return cut.length
}

describe('hints', () => {
  it('report every change of a job', async () => {
    const claim = await startJob(stores)
    const metrics = { loss: 1, accuracy: null, valLoss: null, valAccuracy: null, seconds: 0 }
    await storeEpochs(stores, claim, [
      { epoch: 1, ...metrics },
      { epoch: 2, ...metrics },
    ])
    await stores.runs.release(claim, 'worker-stopped')
    await claimJob(stores, claim.jobId, 'worker_b')
    await stores.jobs.releaseWorker('worker_b')
    await stores.jobs.cancel(claim.jobId)
    await hearAll()
    expect(about(claim.jobId)).toEqual([
      'running 0',
      'running 2',
      'queued 2',
      'running 2',
      'queued 2',
      'cancelled 2',
    ])
  })

  it('do not report what did not happen', async () => {
    const claim = await startJob(stores)
    await stores.jobs.cancel(claim.jobId)
    await stores.jobs.cancel(claim.jobId)
    await stores.runs.fail(claim, { code: 'internal', message: '', epoch: null })
    await hearAll()
    expect(about(claim.jobId)).toEqual(['running 0', 'cancelled 0'])
  })

  it('arrive when the change can be read, not before', async () => {
    const claim = await startJob(stores)
    await stores.database.$executeRawUnsafe(`
      CREATE FUNCTION wait_in_line() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END'`)
    await stores.database.$executeRawUnsafe(`
      CREATE TRIGGER wait_in_line BEFORE INSERT ON "WeightChunk" FOR EACH ROW EXECUTE FUNCTION wait_in_line()`)
    const gate = new pg.Client({ connectionString: stores.connectionString })
    await gate.connect()
    await gate.query('SELECT pg_advisory_lock(1)')

    const succeeded = stores.runs.succeed(claim, linearModel())
    await eventually(async () => {
      const { rows } = await gate.query(`
        SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`)
      return rows[0]
    })
    // The row is changed and its hint is sent, but the transaction is not committed.
    await hearAll()
    expect(about(claim.jobId)).toEqual(['running 0'])

    await gate.query('SELECT pg_advisory_unlock(1)')
    await gate.end()
    await succeeded
    await hearAll()
    expect(about(claim.jobId)).toEqual(['running 0', 'succeeded 0'])
  })

  it('arrive again after the connection was lost, with a notice that some may be missing', async () => {
    expect(await cutListeners()).toBe(1)
    await eventually(() => reconnects > 0 || undefined)
    expect(await cutListeners()).toBe(1)
    await eventually(() => reconnects > 1 || undefined)
    await hearAll()
  })

  it('stop if they are closed while reconnecting', async () => {
    await cutListeners()
    await hints.close()
    const listening = () => stores.database.$queryRaw<unknown[]>`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`
    await eventually(async () => ((await listening()).length === 0 ? true : undefined))
    expect(reconnects).toBe(0)
  })

  it('ignore other payloads on their channel', async () => {
    await stores.database.$executeRawUnsafe(`NOTIFY descent_jobs, 'good morning'`)
    await stores.database.$executeRawUnsafe('NOTIFY descent_jobs')
    await hearAll()
    expect(heard).toHaveLength(1)
  })
})
