/** A worker is killed while it writes a large model: the model comes from the next one, and nothing of the first is left. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { draftStore } from '../../src/store/drafts.js'
import { eventually } from '../support/service.js'
import { newJob, openStores, type Stores, xorSpec } from '../support/stores.js'

let stores: Stores
const workers: ChildProcess[] = []

beforeAll(async () => {
  stores = await openStores()
})

afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL')
  await stores.close()
})

function startWorker(): ChildProcess {
  const worker = spawn(process.execPath, ['dist/workers/main.js'], {
    env: { ...process.env, DATABASE_URL: stores.connectionString, REDIS_URL: '', LOG_LEVEL: 'fatal' },
    stdio: 'ignore',
  })
  workers.push(worker)
  return worker
}

const run = (statement: string) => stores.database.$executeRawUnsafe(statement)
const chunks = (table: 'weightChunk' | 'checkpointChunk') =>
  table === 'weightChunk' ? stores.database.weightChunk.count() : stores.database.checkpointChunk.count()

/** 7 million parameters, 27 MiB in 14 chunks; the seventh and those after it come slowly. */
const units = 2_600
const spec = () => {
  const dense = { type: 'dense', units, activation: 'relu' } as const
  const layers = [dense, dense, { type: 'dense', units: 1, activation: 'sigmoid' }]
  return xorSpec({
    network: xorSpec({ network: { inputShape: [2], layers } as JobSpec['network'] }).network,
    epochs: 2,
    optimizer: { ...xorSpec().optimizer, learningRate: 1e-4 },
  })
}

it.each([
  'WeightChunk',
  'CheckpointChunk',
] as const)('a worker that is killed among rows of %s leaves nothing for ever', async (table) => {
  await run(`
      CREATE OR REPLACE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'`)
  await run(
    `CREATE TRIGGER linger BEFORE INSERT ON "${table}" FOR EACH ROW WHEN (NEW.index = 6) EXECUTE FUNCTION linger()`,
  )
  const isModel = table === 'WeightChunk'
  const kind = isModel ? 'weightChunk' : 'checkpointChunk'
  const before = await chunks(kind)
  const endless = isModel ? spec() : { ...spec(), epochs: 1_000_000 }
  const { id } = await stores.jobs.create(
    newJob({ spec: endless, parameters: 3 * units + units * (units + 1) + units + 1 }),
  )
  const first = startWorker()
  await eventually(async () => ((await chunks(kind)) >= before + 6 ? true : undefined))
  first.kill('SIGKILL')
  await once(first, 'exit')
  // The statement under way may still be there; it ends with its connection.
  await run(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%${table}%' AND pid <> pg_backend_pid()`,
  )
  await run(`DROP TRIGGER linger ON "${table}"`)
  expect(await chunks(kind)).toBe(before + 6)
  expect(await stores.jobs.get(id)).toMatchObject({ status: 'running', modelId: null })
  expect(await stores.runs.checkpoint(id, () => {})).toBeNull()

  if (!isModel) {
    await stores.jobs.cancel(id)
    await draftStore(stores.database).cleanUp()
    expect(await chunks(kind)).toBe(before)
  } else {
    // Another worker finds the silent job, and the cleanup what was left of the first.
    const second = startWorker()
    await eventually(async () => ((await stores.jobs.get(id))?.status === 'succeeded' ? true : undefined))
    await draftStore(stores.database).cleanUp()
    const job = await stores.jobs.get(id)
    const model = await stores.models.get(job?.modelId ?? '')
    expect((await stores.models.weights(model?.id ?? ''))?.bytes.length).toBe(model?.weightBytes)
    expect(await stores.database.weightChunk.count({ where: { modelId: { not: model?.id ?? '' } } })).toBe(0)
    // It would take the job of the next case.
    second.kill('SIGKILL')
    await once(second, 'exit')
  }
  expect(await stores.database.draft.count()).toBe(0)
}, 60_000)
