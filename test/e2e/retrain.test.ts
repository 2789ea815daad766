/** A model is trained again on other rows: the new one becomes a candidate, and both are compared on the same rows. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { datasetRowsSchema, datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import { evaluatedModelSchema } from '../../src/contract/model.js'
import { modelEvaluationSchema } from '../../src/contract/model-evaluation.js'
import { problemSchema } from '../../src/contract/problems.js'
import { aliasSchema, modelVersionSchema } from '../../src/contract/registry.js'
import { comparisonSchema } from '../../src/contract/retrain.js'
import { sharedService } from '../support/shared.js'

let service: { url: string }
let firstId: string

/** y is `yes` where a + b exceeds the threshold. */
function table(rows: number, threshold: number): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const [a, b] = [(row * 37) % 101, (row * 53) % 97]
    return `${a},${b},${a + b > threshold ? 'yes' : 'no'}`
  })
  return ['a,b,y', ...lines].join('\n')
}

const upload = async (rows: number, threshold: number) =>
  (await request(`${service.url}/datasets?target=y`, datasetSchema, Buffer.from(table(rows, threshold)))).id

async function put<T>(path: string, schema: { parse(value: unknown): T }, body: object): Promise<T> {
  const answer = await fetch(service.url + path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return schema.parse(await answer.json())
}

async function ended(jobId: string): Promise<string> {
  for (;;) {
    const { status, error, modelId } = await request(`${service.url}/jobs/${jobId}`, jobSchema)
    if (status === 'succeeded' && modelId !== null) return modelId
    if (status !== 'queued' && status !== 'running')
      throw new Error(`the job is ${status}: ${error?.message}`)
    await sleep(50)
  }
}

beforeAll(async () => {
  service = await sharedService()
  const job = await request(`${service.url}/jobs`, jobSchema, {
    name: 'sums',
    dataset: await upload(200, 100),
    network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.05 },
    epochs: 20,
    validationSplit: 0.25,
    seed: 7,
    metadata: { team: 'blue' },
  })
  firstId = await ended(job.id)
  await put('/registry/sums/versions', modelVersionSchema, { modelId: firstId })
  await put('/registry/sums/aliases/current', aliasSchema, { version: 1 })
}, 90_000)

describe.each([
  { from: 'weights', version: 2 },
  { from: 'scratch', version: 3 },
])('a retraining from $from', ({ from, version }) => {
  it('becomes a candidate and is compared on its validation rows', { timeout: 90_000 }, async () => {
    const dataset = await upload(120, 140)
    const before = await request(`${service.url}/models/sums@current`, evaluatedModelSchema)
    const earlier = await request(`${service.url}/jobs/${before.jobId}`, jobSchema)
    const job = await request(`${service.url}/models/sums@current/retrain`, jobSchema, {
      dataset,
      from,
      registry: 'sums',
    })
    expect(job).toMatchObject({
      name: 'sums',
      metadata: { team: 'blue' },
      retraining: { modelId: firstId, registry: 'sums' },
    })
    const { optimizer, epochs, validationSplit, seed, loss } = earlier.spec
    expect(job.spec).toMatchObject({ optimizer, epochs, validationSplit, seed, loss, dataset })
    expect(job.spec.from).toBe(from === 'weights' ? firstId : undefined)
    const modelId = await ended(job.id)
    const registered = await request(`${service.url}/registry/sums/versions/${version}`, modelVersionSchema)
    expect(registered).toMatchObject({ modelId, status: 'candidate', aliases: [] })
    expect((await request(`${service.url}/registry/sums/aliases/current`, aliasSchema)).version).toBe(1)

    const comparison = await request(`${service.url}/models/sums@${version}/comparison`, comparisonSchema)
    expect(comparison).toMatchObject({ jobId: job.id, rows: 'validation' })
    const after = await request(`${service.url}/models/${modelId}`, evaluatedModelSchema)
    expect([comparison.before.modelId, comparison.after.modelId]).toEqual([firstId, modelId])
    // The worker evaluated the new model on the same rows.
    expect({ ...comparison.after.evaluation, rows: 'validation' }).toEqual(after.evaluation)
    const rows = await request(
      `${service.url}/jobs/${job.id}/rows?split=validation&limit=1000`,
      datasetRowsSchema,
    )
    expect(rows.data).toHaveLength(30)
    const named = rows.data.map((row) =>
      Object.fromEntries(rows.columns.map((name, index) => [name, row[index]])),
    )
    const given = await request(`${service.url}/models/${firstId}/evaluate`, modelEvaluationSchema, {
      rows: named,
    })
    expect(comparison.before.evaluation).toEqual(given.evaluation)
    expect(comparison.before.evaluation).not.toEqual(comparison.after.evaluation)
  })
})

it('refuses what cannot be retrained or compared', { timeout: 30_000 }, async () => {
  const refused = async (path: string, body?: object) => {
    const answer = await fetch(service.url + path, {
      ...(body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' } }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const { status, code } = problemSchema.parse(await answer.json())
    return [status, code]
  }
  const dnf = { construct: { dnf: { inputs: 2, trueRows: [1] } } }
  const constructed = await request(`${service.url}/models`, evaluatedModelSchema.pick({ id: true }), dnf)
  expect(await refused(`/models/${constructed.id}/retrain`, { dataset: 'xor' })).toEqual([
    422,
    'invalid-spec',
  ])
  expect(await refused('/models/sums@9/retrain', { dataset: 'xor' })).toEqual([404, 'not-found'])
  expect(await refused('/models/sums@1/retrain', { dataset: 'ds_none' })).toEqual([422, 'invalid-spec'])
  expect(await refused('/models/sums@1/retrain', { dataset: 'xor', registry: 'mdl_x' })).toEqual([
    400,
    'invalid-request',
  ])
  expect(await refused('/models/sums@1/comparison')).toEqual([404, 'not-found'])
})
