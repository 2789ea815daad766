/** One valid use of every route; refusals are in refusals.test.ts. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { datasetSchema } from '../../src/contract/dataset.js'
import type { Epoch } from '../../src/contract/epoch.js'
import { jobSchema } from '../../src/contract/job.js'
import { modelSchema } from '../../src/contract/model.js'
import { openApp, type RunningApp } from '../support/app.js'
import { linearModel, startJob, storeEpochs, storeModel } from '../support/stores.js'
import { valuesOf } from '../support/tables.js'
import { upTo } from '../support/watching.js'

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
  epochs: 5,
}

describe('jobs', () => {
  it('are accepted with defaults, stored and queued', async () => {
    const answer = await api()
      .post('/jobs')
      .send({ ...xor, name: 'first', metadata: { team: 'blue' } })
    expect(answer.status).toBe(202)
    const job = jobSchema.parse(answer.body)
    expect(answer.headers.location).toBe(`/jobs/${job.id}`)
    expect(job).toMatchObject({
      id: expect.stringMatching(/^job_[0-9a-f]{32}$/),
      name: 'first',
      status: 'queued',
      epoch: 0,
      epochs: 5,
      parameters: 17,
      metadata: { team: 'blue' },
      modelId: null,
      error: null,
      startedAt: null,
      spec: {
        batchSize: 4,
        sampling: 'shuffle',
        validationSplit: 0,
        optimizer: { type: 'adam', learningRate: 0.001 },
        network: { inputShape: [2] },
      },
      links: { stream: `/jobs/${job.id}/stream`, epochs: `/jobs/${job.id}/epochs` },
    })
    expect(job.queuePosition).toBeGreaterThanOrEqual(1)
    expect((await api().get(`/jobs/${job.id}`)).body).toEqual(answer.body)
  })

  it('store the rows of the request', async () => {
    const dataset = {
      x: [
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      y: [1, 1, 0],
    }
    const { status, body } = await api()
      .post('/jobs')
      .send({ ...xor, dataset })
    expect(status).toBe(202)
    expect(body.spec.dataset).toMatch(/^ds_/)
    const stored = await service.datasets.table(body.spec.dataset)
    expect(stored && valuesOf(stored)).toEqual(Float64Array.of(0, 1, 1, 1, 0, 1, 1, 1, 0))
    expect((await api().get(`/datasets/${body.spec.dataset}`)).body.origin).toBe('inline')
  })

  it('are listed newest first, in pages, and by status', async () => {
    const ids: string[] = []
    for (const name of ['a', 'b', 'c'])
      ids.unshift(
        (
          await api()
            .post('/jobs')
            .send({ ...xor, name })
        ).body.id,
      )
    const first = (await api().get('/jobs?limit=2')).body
    expect(first.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2))
    expect(first).toMatchObject({ object: 'list', hasMore: true })
    // The cursor: the id of the last item, and its creation in milliseconds to base 36.
    const createdAt = Date.parse(first.data[1].createdAt).toString(36)
    expect(first.lastId).toBe(`${ids[1]}~${createdAt}`)
    const second = (await api().get(`/jobs?limit=1&after=${ids[1]}`)).body
    expect(second.data[0].id).toBe(ids[2])
    expect((await api().get('/jobs?status=paused')).body).toEqual({
      object: 'list',
      data: [],
      hasMore: false,
      lastId: null,
    })
  })

  it('are cancelled, and can be cancelled twice', async () => {
    const { id } = (await api().post('/jobs').send(xor)).body
    const cancelled = await api().post(`/jobs/${id}/cancel`)
    expect(cancelled.status).toBe(200)
    expect(cancelled.body).toMatchObject({ id, status: 'cancelled', finishedAt: expect.any(String) })
    expect((await api().post(`/jobs/${id}/cancel`)).body).toEqual(cancelled.body)
  })

  it('are paused, also twice, and resumed with and without changes', async () => {
    const { id } = (await api().post('/jobs').send(xor)).body
    const paused = await api().post(`/jobs/${id}/pause`)
    expect(paused.status).toBe(200)
    expect(paused.body).toMatchObject({ id, status: 'paused', queuePosition: null })
    expect((await api().post(`/jobs/${id}/pause`)).body).toEqual(paused.body)
    const resumed = await api().post(`/jobs/${id}/resume`)
    expect(resumed.status).toBe(200)
    expect(resumed.body).toMatchObject({ status: 'queued', epochs: 5, changes: [] })
    await api().post(`/jobs/${id}/pause`)
    const changed = await api().post(`/jobs/${id}/resume`).send({ epochs: 8 })
    expect(jobSchema.parse(changed.body)).toMatchObject({
      status: 'queued',
      epochs: 8,
      spec: { epochs: 8 },
      changes: [
        {
          fromEpoch: 1,
          before: { epochs: 5, learningRate: 0.001 },
          after: { epochs: 8, learningRate: 0.001 },
        },
      ],
    })
  })

  it('are deleted after their end, and their models remain', async () => {
    const { id: modelId } = await storeModel(service)
    const { body: model } = await api().get(`/models/${modelId}`)
    const answer = await api().delete(`/jobs/${model.jobId}`)
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
    expect((await api().get(`/jobs/${model.jobId}`)).status).toBe(404)
    expect((await api().get(`/models/${modelId}/predict?x=1,2`)).body.predictions).toEqual([{ output: [9] }])
  })

  it('of a higher priority precede waiting jobs', async () => {
    const { body: ordinary } = await api().post('/jobs').send(xor)
    const { body: urgent } = await api()
      .post('/jobs')
      .send({ ...xor, priority: 100 })
    expect(urgent).toMatchObject({ priority: 100, queuePosition: 1 })
    const place = async (id: string) => (await api().get(`/jobs/${id}`)).body.queuePosition
    expect(await place(ordinary.id)).toBeGreaterThan(1)
  })
})

describe('epochs', () => {
  let jobId: string
  const stored: Epoch[] = upTo(50).map((epoch) => ({
    epoch,
    loss: 1 / epoch,
    accuracy: epoch / 50,
    valLoss: null,
    valAccuracy: null,
    seconds: 0,
  }))

  beforeAll(async () => {
    const claim = await startJob(service)
    jobId = claim.jobId
    await storeEpochs(service, claim, stored.slice(0, 20))
    await storeEpochs(service, claim, stored.slice(20))
  })

  const numbers = (body: { data: Epoch[] }) => body.data.map(({ epoch }) => epoch)

  it('are complete and in order', async () => {
    const { body } = await api().get(`/jobs/${jobId}/epochs`)
    expect(body).toEqual({ object: 'list', data: stored, hasMore: false, lastId: 50, epochsKept: null })
  })

  it('are returned in pages', async () => {
    const { body } = await api().get(`/jobs/${jobId}/epochs?after=15&limit=10`)
    expect(numbers(body)).toEqual(upTo(25).slice(15))
    expect(body).toMatchObject({ hasMore: true, lastId: 25 })
    expect((await api().get(`/jobs/${jobId}/epochs?after=50`)).body).toMatchObject({ data: [], lastId: null })
  })

  it('are thinned, with the first and the last', async () => {
    const { body } = await api().get(`/jobs/${jobId}/epochs?points=3`)
    expect(numbers(body)).toEqual([1, 26, 50])
    expect(body.hasMore).toBe(false)
  })

  it('are returned as CSV', async () => {
    const answer = await api().get(`/jobs/${jobId}/epochs?limit=2`).set('accept', 'text/csv')
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(answer.text).toBe(
      'epoch,loss,accuracy,valLoss,valAccuracy,seconds\n1,1,0.02,,,0\n2,0.5,0.04,,,0\n',
    )
  })
})

describe('every list', () => {
  const upload = async () =>
    (await api().post('/datasets').set('content-type', 'text/csv').send('a,b\n1,2\n')).body.id
  const cancelled = async () => {
    const { id } = (await api().post('/jobs').send(xor)).body
    await api().post(`/jobs/${id}/cancel`).expect(200)
    return id
  }
  const hook = async () => (await api().post('/webhooks').send({ url: 'https://example.com' })).body.id

  it.each([
    ['/jobs', cancelled],
    ['/models', async () => (await storeModel(service)).id],
    ['/datasets', upload],
    ['/webhooks', hook],
  ])('%s continues after an item that was deleted', async (path, create) => {
    const ids: string[] = []
    for (let count = 0; count < 4; count++) ids.unshift(await create())
    const { lastId } = (await api().get(`${path}?limit=2`)).body
    await api().delete(`${path}/${ids[1]}`).expect(204)
    const next = (
      await api()
        .get(`${path}?limit=2&after=${encodeURIComponent(lastId)}`)
        .expect(200)
    ).body
    expect(next.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2))
    // An id alone is no cursor after the item is deleted.
    const { body } = await api().get(`${path}?after=${ids[1]}`).expect(400)
    expect(body.errors).toEqual([{ pointer: '/after', message: expect.stringContaining('lastId of a page') }])
  })
})

describe('models', () => {
  it('are read, listed and queried', async () => {
    const { id } = await storeModel(service)
    const model = modelSchema.parse((await api().get(`/models/${id}`)).body)
    expect(model).toMatchObject({ parameters: 3, weightBytes: 12, columns: ['a', 'b'], classes: null })
    expect((await api().get('/models?limit=1')).body).toMatchObject({ data: [{ id }] })

    const answer = { modelId: id, predictions: [{ output: [9] }, { output: [19] }] }
    expect((await api().get(`/models/${id}/predict?x=1,2&x=3,4`)).body).toEqual(answer)
    const inputs = [[1, 2], { b: 4, a: 3 }]
    expect((await api().post(`/models/${id}/predict`).send({ inputs })).body).toEqual(answer)
    const byName = await api().get(`/models/${id}/predict?b=2&a=1`)
    expect(byName.body.predictions).toEqual([{ output: [9] }])
  })

  it('predict classes by name', async () => {
    const { coding, network } = linearModel()
    const target = { type: 'binary' as const, name: 'side', classes: ['left', 'right'] }
    const layer = { ...network.layers[0], activation: 'sigmoid' as const }
    const [summary] = linearModel().layers
    const model = linearModel({
      network: { inputShape: [2], layers: [layer.type === 'dense' ? layer : network.layers[0]] },
      layers: [{ ...summary, activation: 'sigmoid' }],
      loss: 'binaryCrossentropy',
      coding: { ...coding, target },
    })
    await storeModel(service, model)
    const { body } = await api().get(`/models/${model.id}/predict?x=0,0`)
    const right = 1 / (1 + Math.exp(-1))
    const [{ label, probabilities }] = body.predictions
    expect(label).toBe('right')
    expect(probabilities.left).toBeCloseTo(1 - right, 6)
    expect(probabilities.right).toBeCloseTo(right, 6)
    expect((await api().get(`/models/${model.id}`)).body.classes).toEqual(['left', 'right'])
  })

  it('are deleted if no unfinished job starts from them', async () => {
    const inputs = { dataset: { x: [[1, 2]], y: [3] }, network: { layers: [{ type: 'dense', units: 1 }] } }
    const { id } = await storeModel(service)
    const { body: model } = await api().get(`/models/${id}`)
    expect((await api().get(`/models/${id}/predict?x=1,2`)).status).toBe(200)
    const from = { ...inputs, loss: 'squaredError', epochs: 1, from: id, fromMismatch: 'initialize' }
    const { body: next } = await api().post('/jobs').send(from).expect(202)
    const refused = await api().delete(`/models/${id}`)
    expect([refused.status, refused.body.code]).toEqual([409, 'model-in-use'])
    await api().post(`/jobs/${next.id}/cancel`).expect(200)
    const deleted = await api().delete(`/models/${id}`)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    for (const path of ['', '/weights', '/predict?x=1,2']) {
      const gone = await api().get(`/models/${id}${path}`).set('if-none-match', '*')
      expect([gone.status, gone.body.code], path).toEqual([404, 'not-found'])
    }
    expect((await api().delete(`/models/${id}`)).status).toBe(404)
    expect((await api().get('/models?limit=100')).text).not.toContain(id)
    expect((await api().get(model.links.job)).body).toMatchObject({ status: 'succeeded', modelId: null })
    const again = await api().post('/jobs').send(from)
    expect(again.body).toMatchObject({ code: 'invalid-spec', errors: [{ pointer: '/from' }] })
  })
})

describe('datasets', () => {
  it('are uploaded as CSV and described', async () => {
    const csv = 'kind,size\ngood,1\nbad,2\ngood,4\n'
    const answer = await api()
      .post('/datasets?target=kind&name=fruit')
      .set('content-type', 'text/csv')
      .send(csv)
    expect(answer.status).toBe(201)
    const dataset = datasetSchema.parse(answer.body)
    expect(answer.headers.location).toBe(`/datasets/${dataset.id}`)
    expect(dataset).toMatchObject({
      name: 'fruit',
      origin: 'uploaded',
      rows: 3,
      target: 'kind',
      classes: ['bad', 'good'],
      columns: [
        { name: 'kind', role: 'target', type: 'category', counts: [1, 2] },
        { name: 'size', role: 'feature', type: 'number', min: 1, max: 4 },
      ],
    })
    expect((await api().get(`/datasets/${dataset.id}`)).body).toEqual(answer.body)
  })

  it('list the built-in ones first, then uploads page by page', async () => {
    const uploaded = await api().post('/datasets').set('content-type', 'text/csv').send('a,b\n1,2\n')
    const { body } = await api().get('/datasets?limit=1')
    const ids = body.data.map(({ id }: { id: string }) => id)
    expect(ids.slice(0, 4)).toEqual(['and', 'or', 'nand', 'xor'])
    expect(ids.at(-1)).toBe(uploaded.body.id)
    expect(body.lastId).toContain(uploaded.body.id)
    const next = (await api().get(`/datasets?after=${body.lastId}`)).body
    expect(next.data.every(({ origin }: { origin: string }) => origin === 'uploaded')).toBe(true)
  })

  it('describe a built-in one', async () => {
    const { body } = await api().get('/datasets/xor')
    expect(body).toMatchObject({ id: 'xor', origin: 'builtIn', rows: 4, target: 'y', createdAt: null })
  })
})

describe('health', () => {
  it('is live and ready', async () => {
    expect((await api().get('/health/live')).body).toEqual({ status: 'live' })
    expect((await api().get('/health/ready')).body).toEqual({
      status: 'ready',
      backend: { name: expect.any(String), passedOver: expect.any(Array) },
      workers: { seen: 0, threads: 0, busyThreads: 0 },
    })
  })
})
