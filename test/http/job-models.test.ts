/** The worst rows, importance and dependence of the model 2 x₁ + 3 x₂ + 1 on xor, and their refusals. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, newJob, startJob, xorSpec } from '../support/stores.js'

let service: RunningApp
let jobId: string

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

const get = (id: string, path: string) => request(service.app.server).get(`/jobs/${id}/${path}`)
const paths = ['rows/worst', 'importance', 'dependence?column=x1']

it('the training rows are ranked if there are no others', async () => {
  const { body } = await get(jobId, 'rows/worst?limit=2').expect(200)
  // Outputs 1, 4, 3 and 6 for the targets 0, 1, 1 and 0: half of the squared differences 1, 9, 4 and 36.
  expect(body).toMatchObject({ split: 'training', dataset: 'xor', loss: 'squaredError', count: 4 })
  expect(body.rows).toMatchObject([
    { row: 3, loss: 18, prediction: { output: [6] }, truth: { output: [0] }, values: [1, 1, 0] },
    { loss: 4.5 },
  ])
})

it('the importance compares R² with that of shuffled columns', async () => {
  const { body } = await get(jobId, 'importance?repeats=3&seed=9').expect(200)
  // Σ (ŷ − y)² is 50, and Σ (y − ½)² is 1.
  expect(body).toMatchObject({ split: 'training', count: 4, score: 'r2', baseline: -49, repeats: 3, seed: 9 })
  expect(body.columns.map(({ name }: { name: string }) => name).sort()).toEqual(['x1', 'x2'])
  for (const { mean, decreases } of body.columns) {
    expect(decreases).toHaveLength(3)
    expect(mean).toBeCloseTo(decreases.reduce((sum: number, each: number) => sum + each, 0) / 3, 9)
  }
  expect((await get(jobId, 'importance')).body).toMatchObject({ repeats: 5, seed: 0 })
})

it('the dependence is the mean prediction', async () => {
  const { body } = await get(jobId, 'dependence?column=x1').expect(200)
  // The mean of 3 x₂ + 1 is 2.5.
  expect(body).toMatchObject({
    ...{ split: 'training', column: 'x1', type: 'number', outputs: ['y'], areProbabilities: false },
    points: [
      { value: 0, means: [2.5] },
      { value: 1, means: [4.5] },
    ],
  })
  expect((await get(jobId, 'dependence?column=x1&points=1')).body.points).toHaveLength(1)
})

describe.each(paths)('%s', (path) => {
  it('of a job without a model says why', async () => {
    const { id } = await service.jobs.create(newJob())
    expect((await get(id, path)).body).toMatchObject({
      status: 404,
      detail: `Job ${id} has no model: it is queued.`,
    })
    const unknown = await get('job_00000000000000000000000000000000', path)
    expect(unknown.body).toMatchObject({ status: 404, code: 'not-found' })
    const claim = await startJob(service, 'worker_c', { spec: xorSpec() })
    const gone = model()
    await service.runs.succeed(claim, gone)
    await service.models.delete(gone.id)
    const { detail } = (await get(claim.jobId, path)).body
    expect(detail).toBe(`Job ${claim.jobId} has no model: its model was deleted.`)
  })

  it('of the validation rows needs some', async () => {
    const { body } = await get(jobId, `${path}${path.includes('?') ? '&' : '?'}split=validation`)
    expect([body.status, body.detail]).toEqual([
      400,
      expect.stringContaining('the job held out no rows: send split=training'),
    ])
  })
})

it.each([
  ['rows/worst?split=test', 400, '/split'],
  ['rows/worst?limit=1001', 400, '/limit'],
  ['rows/worst?cell=0', 400, 'must be the true and the predicted class'],
  ['rows/worst?cell=0,1,0', 400, 'must be the true and the predicted class'],
  ['rows/worst?cell=[0', 400, 'starts like JSON but is not valid JSON'],
  ['rows/worst?cell=0,1', 422, 'cell needs a target with classes, and this model has none'],
  ['importance?repeats=51', 400, '/repeats'],
  ['dependence', 400, '/column'],
  ['dependence?column=y', 400, 'the model has no feature "y", its features are x1, x2'],
  ['dependence?column=x1&points=101', 400, '/points'],
])('%s is answered %i', async (path, status, detail) => {
  const { body } = await get(jobId, path)
  expect([body.status, body.detail + JSON.stringify(body.errors)]).toEqual([
    status,
    expect.stringContaining(detail),
  ])
})

// Last, because a service with keys refuses requests without one.
it('each path needs the scopes of what it shows', async () => {
  const answers: Record<string, number[]> = {}
  for (const scope of ['models:read', 'datasets:read'] as const) {
    const { header } = await keyFor(service, 'local', [scope])
    for (const path of paths) {
      const { status } = await get(jobId, path).set('authorization', header)
      answers[path] = [...(answers[path] ?? []), status]
    }
  }
  expect(answers).toEqual({
    'rows/worst': [403, 403],
    importance: [200, 403],
    'dependence?column=x1': [403, 403],
  })
})
