/** A model of PyTorch on the whole service: it is evaluated, trained on, and leaves as ONNX and comes back. */
import { expect, it } from 'vitest'
import { jobSchema } from '../../src/contract/job.js'
import { modelSchema, predictionsSchema } from '../../src/contract/model.js'
import { fixture, fixtureFile } from '../imports/fixtures.js'
import { eventually } from '../support/service.js'
import { sharedService } from '../support/shared.js'

it('is imported, trained on, exported and imported again', async () => {
  const service = await sharedService()

  async function json(path: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(`${service.url}${path}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return JSON.parse(text)
  }
  const post = (path: string, body: unknown) =>
    json(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  async function importFile(bytes: Uint8Array, fields: Readonly<Record<string, unknown>> = {}) {
    const body = new FormData()
    body.append('file', new Blob([Uint8Array.from(bytes)]), 'model')
    for (const [name, value] of Object.entries(fields)) body.append(name, JSON.stringify(value))
    return modelSchema.parse(await json('/models', { method: 'POST', body }))
  }
  const predict = async (id: string, inputs: unknown) =>
    predictionsSchema
      .parse(await post(`/models/${id}/predict`, { inputs }))
      .predictions.flatMap((each) => each?.output ?? [])

  const { inputs, outputs } = fixture('mlp')
  const columns = ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth']
  const classes = ['setosa', 'versicolor', 'virginica']
  const model = await importFile(fixtureFile('mlp.onnx'), { columns, targets: ['species'], classes })
  const answers = await predict(model.id, inputs)
  outputs.flat().forEach((value, index) => {
    expect(answers[index]).toBeCloseTo(value, 5)
  })

  const { network, loss } = model
  const started = jobSchema.parse(
    await post('/jobs', {
      dataset: 'iris',
      network,
      loss,
      epochs: 100,
      seed: 1,
      from: model.id,
      scaling: 'none',
    }),
  )
  const job = await eventually(async () => {
    const found = jobSchema.parse(await json(`/jobs/${started.id}`))
    if (found.status === 'failed') throw new Error(found.error?.message)
    return found.status === 'succeeded' ? found : undefined
  })
  const trained = modelSchema.parse(await json(`/models/${job.modelId}`))
  expect(trained.metrics.accuracy).toBeGreaterThan(0.9)

  for (const path of ['export?format=onnx', 'export?format=onnx&preprocessing=false', 'weights']) {
    const file = await fetch(`${service.url}/models/${trained.id}/${path}`)
    expect(file.status, path).toBe(200)
    const again = await importFile(new Uint8Array(await file.arrayBuffer()))
    expect(again.weightSha256, path).toBe(trained.weightSha256)
    expect(again).toMatchObject({ network: trained.network, coding: trained.coding, loss: trained.loss })
    expect(await predict(again.id, inputs), path).toEqual(await predict(trained.id, inputs))
  }
})
