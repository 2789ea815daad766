/** The worst and changed rows, importance and dependence of the model 2 x₁ + 3 x₂ + 1 on xor, and their refusals. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewModel } from '../../src/training/ports/models.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { float32Bytes, linearModel, newJob, startJob, xorSpec } from '../support/stores.js'

let service: RunningApp
let jobId: string
/** Its model is x₁ + 3 x₂ + 1. */
let otherId: string

const model = (changes: Partial<NewModel> = {}) =>
  linearModel({
    coding: {
      features: ['x1', 'x2'].map((name) => ({ type: 'number', name, offset: 0, scale: 1 })),
      target: { type: 'number', names: ['y'], binary: false },
    },
    ...changes,
  })

beforeAll(async () => {
  service = await openApp()
  jobId = await trained(model())
  otherId = await trained(model({ weights: float32Bytes([1, 3, 1]) }))
})
afterAll(() => service.close())

async function trained(given: NewModel, spec = xorSpec()): Promise<string> {
  const claim = await startJob(service, 'worker_a', { spec })
  if (!(await service.runs.succeed(claim, given))) throw new Error('a running job cannot succeed')
  return claim.jobId
}

const get = (id: string, path: string) => request(service.app.server).get(`/jobs/${id}/${path}`)
const paths = ['rows/worst', `rows/changed?with=job_${'0'.repeat(32)}`, 'importance', 'dependence?column=x1']

it('the training rows are ranked if there are no others', async () => {
  const { body } = await get(jobId, 'rows/worst?limit=2').expect(200)
  // Outputs 1, 4, 3 and 6 for the targets 0, 1, 1 and 0: half of the squared differences 1, 9, 4 and 36.
  expect(body).toMatchObject({ split: 'training', dataset: 'xor', loss: 'squaredError', count: 4 })
  expect(body.rows).toMatchObject([
    { row: 3, loss: 18, prediction: { output: [6] }, truth: { output: [0] }, values: [1, 1, 0] },
    { loss: 4.5 },
  ])
})

it('the rows whose predictions differ most come first', async () => {
  const { body } = await get(jobId, `rows/changed?with=${otherId}&limit=3`).expect(200)
  // Outputs 1, 4, 3 and 6, and by the other model 1, 4, 2 and 5, for the targets 0, 1, 1 and 0.
  expect(body).toMatchObject({
    ...{
      object: 'changedRows',
      jobId,
      with: { jobId: otherId },
      split: 'training',
      dataset: 'xor',
      count: 4,
    },
    ...{ unanswered: 0, meanChange: 0.5, labelsChanged: null },
  })
  const place = { row: 2, values: [1, 0, 1], truth: { output: [1] } }
  expect(body.rows).toMatchObject([
    {
      ...place,
      change: 1,
      loss: 2,
      prediction: { output: [3] },
      other: { loss: 0.5, prediction: { output: [2] } },
    },
    { row: 3, change: 1, loss: 18, other: { loss: 12.5, prediction: { output: [5] } } },
    { row: 0, change: 0, loss: 0.5, other: { loss: 0.5, prediction: { output: [1] } } },
  ])
  const reverse = await get(otherId, `rows/changed?with=${jobId}`).expect(200)
  expect(reverse.body.rows).toHaveLength(4)
  expect(reverse.body.rows[0]).toMatchObject({ loss: 0.5, other: { loss: 2 } })
})

it('the excluded rows of either job can be compared', async () => {
  const without = await trained(model(), xorSpec({ excludedRows: [3, 1] }))
  for (const [one, other] of [
    [jobId, without],
    [without, jobId],
  ]) {
    const { body } = await get(one, `rows/changed?with=${other}&split=excluded`).expect(200)
    expect(body).toMatchObject({ split: 'excluded', available: 2, meanChange: 0 })
    expect(body.rows.map(({ row }: { row: number }) => row)).toEqual([1, 3])
  }
})

it('other numbers of a scaled target are compared in its unit', async () => {
  const target = { type: 'number' as const, names: ['y'], binary: false }
  const { coding } = model()
  const scaled = await trained(
    model({
      coding: {
        ...coding,
        target: { ...target, scaling: { method: 'standardize', offset: [10], scale: [2] } },
      },
    }),
  )
  const { body } = await get(scaled, `rows/changed?with=${jobId}&limit=1`).expect(200)
  // 2 (2 + 3 + 1) + 10 instead of 6.
  expect(body.rows).toMatchObject([{ row: 3, change: 16, prediction: { output: [22] } }])
})

it('jobs with other data or targets are refused', async () => {
  const refusal = async (other: string, query = '') =>
    (await get(jobId, `rows/changed?with=${other}${query}`).expect(400)).body.detail
  const onIris = await trained(model(), xorSpec({ dataset: 'iris' }))
  expect(await refusal(onIris)).toBe(`/with: job ${onIris} has other data than job ${jobId}`)
  const { coding } = model()
  const named = await trained(model({ coding: { ...coding, target: { type: 'number', names: ['z'] } } }))
  expect(await refusal(named)).toMatch(/another target/)
  expect(await refusal(otherId, '&split=excluded')).toBe('/split: neither job has excludedRows')
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
  ['rows/changed', 400, '/with'],
  [`rows/changed?with=job_${'0'.repeat(32)}`, 404, 'There is no job'],
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
    [paths[1]]: [403, 403],
    importance: [200, 403],
    'dependence?column=x1': [403, 403],
  })
})
