/** POST /jobs/validate on the whole service: what it promises of time is corrected by what trainings took. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobSchema } from '../../src/contract/job.js'
import { jobValidationSchema } from '../../src/contract/job-spec.js'
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
  // How near it comes is measured by `npm run bench -- estimate`: on a busy machine either may be several times the other.
  it('and the training are reported in the same unit, and the training corrects it', {
    timeout: 120_000,
  }, async () => {
    const body = training(1_000, 32, 32, 2_000)
    const before = (await validate(body)).estimatedSeconds
    const seconds = await train(body)
    expect(before).toBeGreaterThan(seconds / 100)
    expect(before).toBeLessThan(seconds * 100)
    // Nearer the truth than before, unless it was exact.
    const after = (await validate(body)).estimatedSeconds
    const error = (estimate: number) => Math.abs(Math.log(estimate / seconds))
    expect(error(after)).toBeLessThanOrEqual(error(before))
  })
})
