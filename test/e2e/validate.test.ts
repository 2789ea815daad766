/** POST /jobs/validate on the whole service: it promises times that come true, and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobSchema, jobValidationSchema } from '../../src/contract/job.js'
import { freshDatabase } from '../support/postgres.js'
import { eventually, type Service, startService } from '../support/service.js'

let database: Awaited<ReturnType<typeof freshDatabase>>
let service: Service

beforeAll(async () => {
  database = await freshDatabase()
  service = await startService({ DATABASE_URL: database.connectionString, LOG_LEVEL: 'info' })
})

afterAll(async () => {
  await service.stop()
  await database.drop()
})

async function post(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}

const validate = async (body: unknown) => jobValidationSchema.parse(await post('/jobs/validate', body))

/** Seconds from its start to its end. */
async function train(body: unknown): Promise<number> {
  const { id } = jobSchema.parse(await post('/jobs', body))
  const { startedAt, finishedAt } = await eventually(async () => {
    const job = jobSchema.parse(await (await fetch(`${service.url}/jobs/${id}`)).json())
    if (job.status === 'failed') throw new Error(job.error?.message)
    return job.status === 'succeeded' ? job : undefined
  })
  return (Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '')) / 1_000
}

function training(rows: number, units: number, batchSize: number, epochs: number) {
  return {
    dataset: { name: 'spirals', rows, seed: 1 },
    network: {
      layers: [
        { type: 'dense', units, activation: 'tanh' },
        { type: 'dense', units, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    batchSize,
    epochs,
    seed: 1,
  }
}

describe('the estimate', () => {
  it('is within a factor of 3 of the truth for three sizes, after a first job', {
    timeout: 120_000,
  }, async () => {
    await train(training(200, 16, 32, 1_000))
    const sizes = [
      training(100, 4, 10, 60_000),
      training(1_000, 32, 32, 4_000),
      training(2_000, 256, 128, 100),
    ]
    for (const body of sizes) {
      const { estimatedSeconds } = await validate(body)
      const seconds = await train(body)
      const told = `${body.network.layers[0].units} units: estimated ${estimatedSeconds} s, took ${seconds} s`
      console.info(told)
      expect(estimatedSeconds, told).toBeGreaterThan(seconds / 3)
      expect(estimatedSeconds, told).toBeLessThan(seconds * 3)
    }
  })
})
