/** POST /jobs/validate without a worker. `npm run bench -- estimate` measures the error of its times. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobSpecSchema, jobValidationSchema } from '../../src/contract/job-spec.js'
import { openApp, type RunningApp } from '../support/app.js'
import { linearModel, startJob } from '../support/stores.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const api = () => request(service.app.server)

const xor = {
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  epochs: 500,
  seed: 7,
}

const rowsInTables = async () => ({
  jobs: await service.database.job.count(),
  datasets: await service.database.dataset.count(),
})

describe('POST /jobs/validate', () => {
  it('returns the spec of the job that POST /jobs creates', async () => {
    const before = await rowsInTables()
    const validation = jobValidationSchema
      .strict()
      .parse((await api().post('/jobs/validate').send(xor).expect(200)).body)
    expect(await rowsInTables()).toEqual(before)
    expect(validation.layers).toEqual([
      { index: 0, type: 'dense', activation: 'tanh', inputShape: [2], outputShape: [4], parameters: 12 },
      { index: 1, type: 'dense', activation: 'sigmoid', inputShape: [4], outputShape: [1], parameters: 5 },
    ])
    expect(validation).toMatchObject({ parameters: 17, stepsPerEpoch: 1 })
    expect(validation.estimatedSeconds).toBeGreaterThan(0)
    const { body: job } = await api().post('/jobs').send(xor).expect(202)
    const { parameters, arenaBytes, flopsPerEpoch } = validation
    expect(job).toMatchObject({ spec: validation.spec, parameters, arenaBytes, flopsPerEpoch })
    expect(await rowsInTables()).toEqual({ ...before, jobs: before.jobs + 1 })
  })

  it('fills in all defaults for a dataset alone, and accepts them again', async () => {
    const validate = async (body: object) =>
      jobValidationSchema.parse((await api().post('/jobs/validate').send(body).expect(200)).body)
    const { spec, parameters } = await validate({ dataset: 'iris', seed: 3 })
    // 4 · 100 + 100 weights and biases, then 100 · 3 + 3.
    expect(parameters).toBe(803)
    expect(spec).toMatchObject({
      network: { inputShape: [4], layers: [{ units: 100 }, { units: 3, activation: 'softmax' }] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.002 },
      epochs: 300,
      earlyStopping: { patience: 20, folds: 5 },
      validationSplit: 0,
    })
    expect((await validate(spec)).spec).toEqual(spec)
    const { body: job } = await api().post('/jobs').send({ dataset: 'iris', seed: 3 }).expect(202)
    expect(job.spec).toEqual(spec)
  })

  it('counts the trainings of folds: six times the work', async () => {
    const seconds = async (changes: object) => {
      const body = { ...xor, dataset: { name: 'moons', rows: 100 }, epochs: 100_000, ...changes }
      return (await api().post('/jobs/validate').send(body).expect(200)).body.estimatedSeconds
    }
    // The start takes 0.03 seconds.
    const ratio = ((await seconds({ earlyStopping: { folds: 5 } })) - 0.03) / ((await seconds({})) - 0.03)
    expect(ratio).toBeCloseTo(6, 1)
  })

  it('stores no inline rows', async () => {
    const before = await rowsInTables()
    const inline = {
      ...xor,
      dataset: {
        x: [
          [0, 0],
          [1, 1],
        ],
        y: [0, 1],
      },
    }
    const { body } = await api().post('/jobs/validate').send(inline).expect(200)
    expect(jobSpecSchema.parse(body.spec).dataset).toBe('inline')
    expect(await rowsInTables()).toEqual(before)
  })

  it('estimates more seconds for more epochs', async () => {
    const of = async (epochs: number) =>
      (
        await api()
          .post('/jobs/validate')
          .send({ ...xor, epochs })
      ).body.estimatedSeconds
    expect(await of(10_000_000)).toBeGreaterThan(10 * (await of(1_000)))
  })

  it('corrects its seconds by past trainings with equal steps', async () => {
    const estimate = async () => (await api().post('/jobs/validate').send(xor).expect(200)).body
    const measured = await estimate()
    const { estimatedSeconds, flopsPerEpoch } = measured
    /** A training of the same work with this duration. */
    const past = async (seconds: number, attempt = 1) => {
      const claim = await startJob(service, 'worker_a', { flopsPerEpoch, stepsPerEpoch: 1 })
      await service.runs.succeed(claim, linearModel())
      await service.database.$executeRaw`
        UPDATE "Job" SET epoch = ${xor.epochs}, attempt = ${attempt},
          "startedAt" = "finishedAt" - ${seconds}::float8 * interval '1 second'
        WHERE id = ${claim.jobId}`
    }
    // The measurement weighs half a second, and the start takes 0.03 s: src/training/estimate.ts.
    const calculated = estimatedSeconds - 0.03
    const corrected = (runs: number[]) => {
      const actual = runs.reduce((sum, seconds) => sum + seconds - 0.03, 0)
      return 0.03 + (calculated * (0.5 + actual)) / (0.5 + runs.length * calculated)
    }
    await past(100, 2)
    await past(0.1)
    expect((await estimate()).estimatedSeconds).toBe(estimatedSeconds)
    await past(20)
    expect((await estimate()).estimatedSeconds).toBeCloseTo(corrected([20]), 6)
    await past(1)
    expect((await estimate()).estimatedSeconds).toBeCloseTo(corrected([20, 1]), 6)
  })

  it.each([
    ['an unknown dataset', { ...xor, dataset: 'nothing' }],
    ['too many units at the end', { ...xor, network: { layers: [{ type: 'dense', units: 3 }] } }],
    ['a coerced number', { ...xor, epochs: '10' }],
    ['more work than allowed', { ...xor, dataset: { name: 'spirals', rows: 10_000 }, epochs: 10_000_000 }],
    [
      'more memory than allowed',
      { ...xor, network: { layers: [{ type: 'dense', units: 10_000_000 }, ...xor.network.layers] } },
    ],
    ['a model that does not exist', { ...xor, from: `mdl_${'0'.repeat(32)}` }],
  ])('refuses %s with the message of POST /jobs', async (_name, body) => {
    const submitted = await api().post('/jobs').send(body)
    const validated = await api().post('/jobs/validate').send(body)
    expect(submitted.status).toBeGreaterThanOrEqual(400)
    expect(validated.status).toBe(submitted.status)
    expect({ ...validated.body, traceId: '' }).toEqual({ ...submitted.body, traceId: '' })
  })
})
