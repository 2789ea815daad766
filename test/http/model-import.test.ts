/** Models that come in as files. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { modelSchema } from '../../src/contract/model.js'
import { fixture, fixtureFile, safetensors } from '../imports/fixtures.js'
import { byTest } from '../support/actor.js'
import { limits, openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, storeModel } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)

function send(
  file: Buffer,
  fields: Readonly<Record<string, unknown>> = {},
  headers: Record<string, string> = {},
) {
  const started = api().post('/models').set(headers)
  for (const [name, value] of Object.entries(fields)) {
    started.field(name, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return started.attach('file', file, 'model')
}

const iris = { dataset: 'iris', columns: ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth'] }
const classes = ['setosa', 'versicolor', 'virginica']

describe('a model of PyTorch', () => {
  it('predicts, is evaluated, and is the start of a training', async () => {
    const { network, inputs, outputs } = fixture('mlp')
    const fields = { name: 'from torch', network, columns: iris.columns, targets: ['species'], classes }
    const { status, body, headers } = await send(fixtureFile('mlp.safetensors'), fields)
    expect(status, JSON.stringify(body)).toBe(201)
    const model = modelSchema.parse(body)
    expect(headers.location).toBe(`/models/${model.id}`)
    expect(model).toMatchObject({
      name: 'from torch',
      jobId: null,
      epoch: null,
      columns: iris.columns,
      classes,
      loss: 'categoricalCrossentropy',
      metrics: { loss: null },
    })

    const predicted = await api().post(`/models/${model.id}/predict`).send({ inputs })
    for (const [row, expected] of outputs.entries()) {
      const { output, label } = predicted.body.predictions[row]
      expected.forEach((value, index) => {
        expect(output[index]).toBeCloseTo(value, 5)
      })
      expect(label).toBe(classes[expected.indexOf(Math.max(...expected))])
    }

    const evaluated = await api().post(`/models/${model.id}/evaluate`).send({ dataset: 'iris' })
    expect(evaluated.status, JSON.stringify(evaluated.body)).toBe(200)
    const { count, confusion } = evaluated.body.evaluation
    expect(count).toBe(150)
    expect(confusion.flat().reduce((sum: number, each: number) => sum + each, 0)).toBe(150)

    const training = await api()
      .post('/jobs')
      .send({
        dataset: 'iris',
        network: { layers: network.layers },
        loss: 'categoricalCrossentropy',
        epochs: 3,
        from: model.id,
      })
    expect(training.status, JSON.stringify(training.body)).toBe(202)
  })

  it('is exported and comes back with the same bytes, coding and threshold', async () => {
    const { network } = fixture('signal')
    const first = await send(fixtureFile('signal.safetensors'), {
      name: 'signal',
      network,
      classes: ['calm', 'storm'],
    })
    expect(first.status, JSON.stringify(first.body)).toBe(201)
    await api().patch(`/models/${first.body.id}`).send({ threshold: 0.3 })
    const { body: file } = await api().get(`/models/${first.body.id}/weights`).responseType('blob')
    const again = await send(file)
    expect(again.status, JSON.stringify(again.body)).toBe(201)
    const { id, createdAt, links, ...rest } = again.body
    expect(first.body).toMatchObject({ ...rest, threshold: 0.5 })
    expect(rest.threshold).toBe(0.3)
    const second = await api().get(`/models/${id}/weights`).responseType('blob')
    expect(second.body.toString('latin1').replace(id, first.body.id)).toBe(file.toString('latin1'))
    expect(createdAt).not.toBe(first.body.createdAt)
    expect(links.self).toBe(`/models/${id}`)
  })

  it('keeps a coding with scales, categories and dates', async () => {
    const coding = {
      features: [
        { type: 'number' as const, name: 'a', offset: 3, scale: 2, imputation: 3 },
        { type: 'boolean' as const, name: 'b' },
      ],
      target: {
        type: 'number' as const,
        names: ['y'],
        scaling: { method: 'standardize' as const, offset: [100], scale: [10] },
      },
    }
    const { id } = await storeModel(service, linearModel({ coding }))
    const { body: file } = await api().get(`/models/${id}/weights`).responseType('blob')
    const { body: model } = await send(file)
    expect(model.coding).toEqual(coding)
    const query = '?a=7&b=true'
    const answers = await Promise.all(
      [id, model.id].map((each) => api().get(`/models/${each}/predict${query}`)),
    )
    // 2 · (7 − 3) / 2 + 3 · 1 + 1 = 8, times 10, plus 100.
    expect(answers.map(({ body }) => body.predictions[0].output)).toEqual([[180], [180]])
  })
})

describe('the example of docs/models.md', () => {
  it('is imported and answers with labels', async () => {
    const markdown = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8')
    const [, command = ''] = /## Import\n[\s\S]*?```sh\n(curl [\s\S]*?)```/.exec(markdown) ?? []
    const fields = [...command.matchAll(/-F '(\w+)=([^']*)'/g)].map(([, name, value]) => [name, value])
    expect(fields.map(([name]) => name)).toEqual(['network', 'columns', 'targets', 'classes'])
    expect(command).toContain('-F file=@model.safetensors')
    // The state dict of the example in Python. The weights of the last layer are zero, and its biases the classes' logits.
    const filled = (shape: number[], value: number) => {
      return { shape, values: Array(shape.reduce((product, side) => product * side, 1)).fill(value) }
    }
    const file = safetensors({
      '0.weight': filled([6, 4], 1),
      '0.bias': filled([6], 1),
      '2.weight': filled([3, 6], 0),
      '2.bias': { shape: [3], values: [0, Math.log(2), Math.log(5)] },
    })
    const { status, body } = await send(file, Object.fromEntries(fields))
    expect(status, JSON.stringify(body)).toBe(201)
    const row = 'sepalLength=5.1&sepalWidth=3.5&petalLength=1.4&petalWidth=0.2'
    const predicted = await api().get(`/models/${body.id}/predict?${row}`)
    const [{ label, probabilities }] = predicted.body.predictions
    expect(label).toBe('virginica')
    expect(probabilities.setosa).toBeCloseTo(1 / 8, 6)
    expect(probabilities.versicolor).toBeCloseTo(2 / 8, 6)
  })
})

const tiny = safetensors({ 'a.weight': { shape: [1, 2], values: [1, 2] } })
const network = { inputShape: [2], layers: [{ type: 'dense', units: 1, useBias: false }] }

describe('an Idempotency-Key of a form', () => {
  it('creates one model, also with the fields in another order', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const first = await send(tiny, { name: 'once', network }, key)
    const again = await send(tiny, { network, name: 'once' }, key)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.body).toEqual(first.body)
    const refused = await send(tiny, { name: 'other', network }, key)
    expect(refused.body).toMatchObject({ status: 422, code: 'idempotency-key-reused' })
    const otherFile = safetensors({ 'a.weight': { shape: [1, 2], values: [1, 3] } })
    expect((await send(otherFile, { name: 'once', network }, key)).body.code).toBe('idempotency-key-reused')
  })
})

describe('a form is refused', () => {
  const refusals: [string, () => request.Test, object][] = [
    ['without a file', () => api().post('/models').field('name', 'x'), { code: 'invalid-request' }],
    [
      'with two files',
      () => send(tiny, { network }).attach('file', tiny, 'two'),
      { code: 'invalid-request' },
    ],
    [
      'with an unknown field',
      () => send(tiny, { network, nettwork: 1 }),
      { code: 'invalid-request', detail: expect.stringContaining('nettwork') },
    ],
    [
      'with a field that is not JSON',
      () => send(tiny, { network: '{"layers": [' }),
      { code: 'malformed-json', detail: expect.stringContaining('The field network is not valid JSON') },
    ],
    [
      'with a layer that does not exist',
      () => send(tiny, { network: { ...network, layers: [{ type: 'lstm' }] } }),
      { code: 'invalid-request', errors: [expect.objectContaining({ pointer: '/network/layers/0/type' })] },
    ],
    [
      'with layers that do not fit',
      () => send(tiny, { network: { ...network, layers: [{ type: 'conv1d', filters: 1, kernelSize: 2 }] } }),
      { code: 'invalid-model', detail: expect.stringContaining('needs a signal') },
    ],
    ['with another kind of file', () => send(Buffer.from('PK')), { code: 'invalid-model', status: 422 }],
    [
      'with a file above the limit',
      () => send(Buffer.alloc(limits.modelBytes + 1)),
      { code: 'body-too-large', detail: expect.stringContaining('(MAXIMUM_MODEL_BYTES)') },
    ],
    [
      'with a field above the limit',
      () => send(tiny, { network: ' '.repeat(limits.bodyBytes + 1) }),
      { code: 'body-too-large', detail: expect.stringContaining('(MAXIMUM_BODY_BYTES)') },
    ],
    [
      'with fields above the limit together',
      () =>
        send(tiny, {
          network: ' '.repeat(limits.bodyBytes / 2),
          columns: ' '.repeat(limits.bodyBytes / 2 + 1),
        }),
      {
        code: 'body-too-large',
        detail:
          'The fields up to "columns" have more than 1048576 bytes, the limit for all fields of a form (MAXIMUM_BODY_BYTES).',
      },
    ],
    [
      'with too many fields',
      () => send(tiny, Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`field${index}`, 1]))),
      { code: 'invalid-request', detail: 'The form has more than 16 fields, the limit.' },
    ],
    [
      'with a field twice',
      () => api().post('/models').field('name', 'a').field('name', 'b').attach('file', tiny, 'model'),
      { code: 'invalid-request', detail: 'The form has the field "name" twice. Send it once.' },
    ],
    [
      'with a small file of a network that needs too much memory',
      () => {
        // 10,000 filters over 10,000 cells, 400 MB in float32.
        const layers = [
          { type: 'conv1d', filters: 10_000, kernelSize: 1, useBias: false },
          { type: 'globalAveragePooling1d' },
        ]
        const file = safetensors({ 'a.weight': { shape: [10_000, 1, 1], values: Array(10_000).fill(1) } })
        return send(file, { network: { inputShape: [1, 10_000], layers } })
      },
      { code: 'model-too-large', detail: expect.stringContaining('(MAXIMUM_ARENA_BYTES)') },
    ],
    [
      'with more inputs than names can be made for',
      () =>
        send(safetensors({}), {
          network: { inputShape: [1, 10_000, 10_000], layers: [{ type: 'flatten' }] },
        }),
      { code: 'invalid-model', detail: expect.stringContaining('100000000 numbers') },
    ],
  ]

  it.each(refusals)('%s', async (_, ask, expected) => {
    const before = await service.database.model.count()
    const { body } = await ask()
    expect(body).toMatchObject(expected)
    expect(await service.database.model.count()).toBe(before)
  })
})

describe('a form whose fields exceed the limit', () => {
  it('is refused before its last field ends', async () => {
    const port = Number(new URL(await service.app.listen({ port: 0, host: '127.0.0.1' })).port)
    const socket = connect({ port, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    const field = (name: string) =>
      `--form\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${'a'.repeat(limits.bodyBytes / 2 + 1)}\r\n`
    socket.write(
      'POST /models HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=form\r\n' +
        `content-length: ${limits.modelBytes}\r\n\r\n${field('a')}${field('b')}`,
    )
    const answer = String(await once(socket, 'data'))
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('The fields up to \\"b\\" have more than')
  })
})

describe('the limits of a tenant', () => {
  it('count imported models', async () => {
    const { header } = await keyFor(service, 'small', ['models:write', 'models:read'])
    await service.tenants.changeLimits('small', { storedBytes: 3_000 }, byTest)
    const asTenant = { authorization: header }
    expect((await send(tiny, { network }, asTenant)).status).toBe(201)
    const large = safetensors({ 'a.weight': { shape: [1, 2_000], values: Array(2_000).fill(1) } })
    const fields = { network: { ...network, inputShape: [2_000] } }
    expect((await send(large, fields, asTenant)).body.code).toBe('too-much-stored')
  })
})
