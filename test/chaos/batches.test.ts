/**
 * Kills workers while they train small jobs that were claimed together: none is lost or doubled, none is blamed for the death of
 * its worker, and each has the weights, to the last bit, that it has when nothing happens. `npm run chaos` kills 200 of them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { jobBatchSchema } from '../../src/contract/job-batch.js'
import { parseSpec } from '../../src/store/job-rows.js'
import { upTo } from '../support/watching.js'
import { type Cluster, startCluster } from './cluster.js'
import { countStrikes } from './strikes.js'

const kills = countStrikes(2)
const seeds = 10
const jobsPerStrike = 300
/** A worker that is started again takes this long to claim. */
const restartMilliseconds = 1_500
/** On a slow machine, the next strike waits until fewer jobs are queued: enough for both workers, far from the limit. */
const mostQueued = 4 * jobsPerStrike

function specOf(seed: number) {
  return {
    dataset: { name: 'spirals', rows: 60, noise: 0.1, seed: 1 },
    network: {
      layers: [
        { type: 'dense', units: 8, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam' },
    epochs: 60,
    batchSize: 10,
    validationSplit: 0.2,
    seed,
  }
}

const submit = (cluster: Cluster, count: number) =>
  request(`${cluster.urls[0]}/jobs/batch`, jobBatchSchema, {
    jobs: upTo(count).map((index) => specOf(index % seeds)),
  })

interface Outcome {
  status: string
  seed: number
  attempt: number
  errorCode: string | null
  models: number
  weights: string | null
  epochs: number
  last: number
}

async function outcomesOf(database: pg.Client): Promise<Outcome[]> {
  const { rows } = await database.query<Omit<Outcome, 'seed'> & { spec: Uint8Array }>(`
    SELECT status, spec, attempt, "errorCode",
      (SELECT count(*)::int FROM "Model" WHERE "jobId" = "Job".id) AS models,
      (SELECT min("weightSha256") FROM "Model" WHERE "jobId" = "Job".id) AS weights,
      (SELECT sum("lastEpoch" - "firstEpoch" + 1)::int FROM "EpochBatch" WHERE "jobId" = "Job".id) AS epochs,
      (SELECT max("lastEpoch") FROM "EpochBatch" WHERE "jobId" = "Job".id) AS last
    FROM "Job"`)
  return rows.map(({ spec, ...rest }) => ({ ...rest, seed: parseSpec(spec).seed }))
}

/** Waits until at most `most` jobs have not ended. */
async function untilUnfinished(database: pg.Client, most: number): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ jobs: number }>(
      `SELECT count(*)::int AS jobs FROM "Job" WHERE status IN ('queued', 'running')`,
    )
    if (rows[0].jobs <= most) return
    await sleep(100)
  }
}

it(
  `workers killed ${kills} times in the middle of batches lose and double nothing`,
  async () => {
    const cluster = await startCluster('PostgreSQL')
    const database = new pg.Client({ connectionString: cluster.connectionString })
    await database.connect()
    try {
      await submit(cluster, seeds)
      await untilUnfinished(database, 0)
      const undisturbed = new Map((await outcomesOf(database)).map(({ seed, weights }) => [seed, weights]))
      expect([...undisturbed.values()].every((weights) => weights !== null)).toBe(true)

      for (let strike = 0; strike < kills; strike++) {
        await untilUnfinished(database, mostQueued)
        const { accepted } = await submit(cluster, jobsPerStrike)
        expect(accepted).toBe(jobsPerStrike)
        // Spread over the time that they take.
        await sleep(20 + ((strike * 37) % 300))
        await cluster.strike('worker', strike)
        await sleep(restartMilliseconds)
      }
      await untilUnfinished(database, 0)

      const outcomes = await outcomesOf(database)
      expect(outcomes).toHaveLength(seeds + kills * jobsPerStrike)
      for (const { status, seed, errorCode, models, weights, epochs, last } of outcomes) {
        const found = { status, errorCode, models, weights, epochs, last }
        const weightsOfSeed = undisturbed.get(seed)
        const expected = {
          status: 'succeeded',
          errorCode: null,
          models: 1,
          weights: weightsOfSeed,
          epochs: 60,
          last: 60,
        }
        expect(found).toEqual(expected)
      }
      const repeated = outcomes.filter(({ attempt }) => attempt > 1).length
      expect(repeated).toBeGreaterThan(0)
      console.log(`batches: ${kills} strikes, ${outcomes.length} jobs, ${repeated} taken more than once`)
    } finally {
      await database.end()
      await cluster.stop()
    }
  },
  120_000 + kills * 20_000,
)
