/** Refusals of GET /jobs/{id}/rows/worst. */
import request from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, newJob, startJob, xorSpec } from '../support/stores.js'

let service: RunningApp
let jobId: string

/** A model of xor that always says 2 x₁ + 3 x₂ + 1. */
const model = () =>
  linearModel({
    coding: {
      features: ['x1', 'x2'].map((name) => ({ type: 'number', name, offset: 0, scale: 1 })),
      target: { type: 'number', names: ['y'], binary: false },
    },
  })

beforeAll(async () => {
  service = await openApp()
  const claim = await startJob(service)
  jobId = claim.jobId
  if (!(await service.runs.succeed(claim, model()))) throw new Error('a running job cannot succeed')
})
afterAll(() => service.close())

const ask = (id: string, query = '') => request(service.app.server).get(`/jobs/${id}/rows/worst${query}`)

it('the training rows are ranked if there are no others', async () => {
  const { body } = await ask(jobId, '?limit=2').expect(200)
  // Outputs 1, 4, 3 and 6 for the targets 0, 1, 1 and 0: half of the squared differences 1, 9, 4 and 36.
  expect(body).toMatchObject({ split: 'training', dataset: 'xor', loss: 'squaredError', count: 4 })
  expect(body.rows).toMatchObject([
    { row: 3, loss: 18, prediction: { output: [6] }, truth: { output: [0] }, values: [1, 1, 0] },
    { loss: 4.5 },
  ])
})

it('a job without a model says why', async () => {
  const { id } = await service.jobs.create(newJob())
  expect((await ask(id)).body).toMatchObject({
    status: 404,
    detail: `Job ${id} has no model: it is queued.`,
  })
  const unknown = await ask('job_00000000000000000000000000000000')
  expect(unknown.body).toMatchObject({ status: 404, code: 'not-found' })
  const claim = await startJob(service, 'worker_c', { spec: xorSpec() })
  const gone = model()
  await service.runs.succeed(claim, gone)
  await service.models.delete(gone.id)
  expect((await ask(claim.jobId)).body.detail).toBe(`Job ${claim.jobId} has no model: its model was deleted.`)
})

it.each([
  ['?split=validation', 400, 'the job held out no rows: send split=training'],
  ['?split=test', 400, '/split'],
  ['?limit=1001', 400, '/limit'],
  ['?cell=0', 400, 'must be the true and the predicted class'],
  ['?cell=0,1,0', 400, 'must be the true and the predicted class'],
  ['?cell=[0', 400, 'starts like JSON but is not valid JSON'],
  ['?cell=0,1', 422, 'cell needs a target with classes, and this model has none'],
])('%s is answered %i', async (query, status, detail) => {
  const { body } = await ask(jobId, query)
  expect([body.status, JSON.stringify(body)]).toEqual([status, expect.stringContaining(detail)])
})

it('both scopes are needed', async () => {
  for (const [scope, missing] of [
    ['datasets:read', 'models:read'],
    ['models:read', 'datasets:read'],
  ] as const) {
    const { header } = await keyFor(service, 'local', [scope])
    const { body } = await ask(jobId).set('authorization', header)
    expect([body.status, body.detail]).toEqual([403, expect.stringContaining(missing)])
  }
})
