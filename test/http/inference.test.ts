/** The Open Inference Protocol V2, by its specification; the codec of tensors is in test/training/inference.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { NewModel } from '../../src/training/ports/models.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { float32Bytes, linearModel, storeModel } from '../support/stores.js'

/** As the REST document of the protocol defines them. */
const parametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const tensorMetadata = z.strictObject({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.int()),
})
const modelMetadata = z.strictObject({
  name: z.string(),
  versions: z.array(z.string()).optional(),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
})
const inferenceResponse = z.strictObject({
  model_name: z.string(),
  model_version: z.string().optional(),
  id: z.string().optional(),
  parameters: parametersSchema.optional(),
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      shape: z.array(z.int().min(0)),
      datatype: z.string(),
      parameters: parametersSchema.optional(),
      data: z.array(z.unknown()).optional(),
    }),
  ),
})
const errorSchema = z.strictObject({ error: z.string().min(1) })

let service: RunningApp
/** output = 2 a + 3 b + 1 */
let linear: string
/** The logit of red is 1, of blué −2, of none 0; each size adds 0.5. */
let mixed: string
/** Sums the pixels of 2 × 2 images. */
let image: string

function mixedModel(): NewModel {
  const layer = { type: 'dense', units: 1, activation: 'sigmoid', useBias: true } as const
  return linearModel({
    network: { inputShape: [3], layers: [layer] },
    layers: [
      { index: 0, type: 'dense', activation: 'sigmoid', inputShape: [3], outputShape: [1], parameters: 4 },
    ],
    loss: 'binaryCrossentropy',
    coding: {
      features: [
        { type: 'category', name: 'color', categories: ['red', 'blué'] },
        { type: 'number', name: 'size', offset: 0, scale: 1, imputation: 4 },
      ],
      target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] },
    },
    parameters: 4,
    tensors: [
      { name: 'layers.0.weight', shape: [1, 3], offset: 0 },
      { name: 'layers.0.bias', shape: [1], offset: 3 },
    ],
    weights: float32Bytes([1, -2, 0.5, 0]),
  })
}

function imageModel(): NewModel {
  const names = ['p0', 'p1', 'p2', 'p3']
  return linearModel({
    network: {
      inputShape: [2, 2, 1],
      layers: [{ type: 'flatten' }, { type: 'dense', units: 1, activation: 'linear', useBias: true }],
    },
    layers: [
      { index: 0, type: 'flatten', inputShape: [2, 2, 1], outputShape: [4], parameters: 0 },
      { index: 1, type: 'dense', activation: 'linear', inputShape: [4], outputShape: [1], parameters: 5 },
    ],
    coding: {
      features: names.map((name) => ({ type: 'number', name, offset: 0, scale: 1 })),
      target: { type: 'number', names: ['sum'] },
    },
    parameters: 5,
    tensors: [
      { name: 'layers.1.weight', shape: [1, 4], offset: 0 },
      { name: 'layers.1.bias', shape: [1], offset: 4 },
    ],
    weights: float32Bytes([1, 1, 1, 1, 0]),
  })
}

beforeAll(async () => {
  service = await openApp()
  linear = (await storeModel(service)).id
  mixed = (await storeModel(service, mixedModel())).id
  image = (await storeModel(service, imageModel())).id
})

afterAll(() => service.close())

const get = (url: string) => service.app.inject({ url })

const infer = (id: string, request: object) =>
  service.app.inject({ method: 'POST', url: `/v2/models/${id}/infer`, payload: request })

const column = (name: string, data: unknown[], datatype = 'FP64') => {
  return { name, shape: [data.length, 1], datatype, data }
}

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit))

describe('the server', () => {
  it('has a name, a version and the extension of binary tensors', async () => {
    for (const url of ['/v2', '/v2/']) {
      expect((await get(url)).json()).toEqual({
        name: 'descent',
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        extensions: ['binary_tensor_data'],
      })
    }
  })

  it('lives, and is ready unless a part is missing', async () => {
    expect((await get('/v2/health/live')).json()).toEqual({ live: true })
    expect((await get('/v2/health/ready')).json()).toMatchObject({ live: true })
    service.missing.push('no worker is connected')
    const answer = await get('/v2/health/ready')
    service.missing.pop()
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    expect(errorSchema.parse(answer.json()).error).toBe('Not ready: no worker is connected.')
  })
})

describe('a model', () => {
  it('has the inputs and outputs of its columns', async () => {
    expect(modelMetadata.parse((await get(`/v2/models/${mixed}`)).json())).toEqual({
      name: mixed,
      platform: 'descent_network',
      inputs: [
        { name: 'color', datatype: 'BYTES', shape: [-1, 1] },
        { name: 'size', datatype: 'FP64', shape: [-1, 1] },
      ],
      outputs: [
        { name: 'output', datatype: 'FP32', shape: [-1, 1] },
        { name: 'label', datatype: 'BYTES', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
    })
    expect((await get(`/v2/models/${image}`)).json()).toMatchObject({
      inputs: [{ name: 'input', datatype: 'FP64', shape: [-1, 2, 2, 1] }],
      outputs: [{ name: 'output', datatype: 'FP64', shape: [-1, 1] }],
    })
  })

  it('is ready if it exists', async () => {
    expect((await get(`/v2/models/${linear}/ready`)).json()).toEqual({ name: linear, ready: true })
    const absent = `mdl_${'0'.repeat(32)}`
    for (const path of [
      `/${absent}`,
      `/${absent}/ready`,
      `/${linear}/versions/1`,
      `/${linear}/versions/1/ready`,
    ]) {
      const answer = await get(`/v2/models${path}`)
      expect(answer.statusCode, path).toBe(404)
      expect(errorSchema.parse(answer.json()).error).toContain('There is no model')
    }
  })
})

describe('an inference', () => {
  it('has the outputs of each row, and returns the id of the request', async () => {
    const request = {
      id: '42',
      parameters: { priority: 1, traced: true, note: 'any' },
      inputs: [column('b', [2, 4]), column('a', [1, 3])],
    }
    const answer = await infer(linear, request)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(inferenceResponse.parse(answer.json())).toEqual({
      model_name: linear,
      id: '42',
      outputs: [{ name: 'output', shape: [2, 1], datatype: 'FP64', data: [9, 19] }],
    })
  })

  it('takes nested data, and every type of numbers', async () => {
    for (const datatype of [
      'UINT8',
      'UINT16',
      'UINT32',
      'UINT64',
      'INT8',
      'INT16',
      'INT32',
      'INT64',
      'FP32',
    ]) {
      const inputs = [column('a', [[1], [3]], datatype), column('b', [2, 4], datatype)]
      expect((await infer(linear, { inputs })).json().outputs[0].data, datatype).toEqual([9, 19])
    }
    const inputs = [column('a', [true, false], 'BOOL'), column('b', [0, 0])]
    expect((await infer(linear, { inputs })).json().outputs[0].data).toEqual([3, 1])
  })

  it('has labels and probabilities, and fills missing values as in training', async () => {
    const inputs = [column('color', ['red', 'blué', ''], 'BYTES'), column('size', [1, 2, null])]
    const { outputs } = inferenceResponse.parse((await infer(mixed, { inputs })).json())
    const yes = [1.5, -1, 2].map(sigmoid)
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['output', [3, 1]],
      ['label', [3]],
      ['probabilities', [3, 2]],
    ])
    expect(outputs[1]?.data).toEqual(['yes', 'no', 'yes'])
    const probabilities = z.array(z.number()).parse(outputs[2]?.data)
    for (const [row, each] of yes.entries()) {
      expect(probabilities[2 * row]).toBeCloseTo(1 - each, 6)
      expect(probabilities[2 * row + 1]).toBeCloseTo(each, 6)
    }
  })

  it('has the requested outputs in their order', async () => {
    const inputs = [column('color', ['red'], 'BYTES'), column('size', [1])]
    const outputs = [{ name: 'label' }, { name: 'output' }]
    const answer = inferenceResponse.parse((await infer(mixed, { inputs, outputs })).json())
    expect(answer.outputs.map(({ name }) => name)).toEqual(['label', 'output'])
    const all = inferenceResponse.parse((await infer(mixed, { inputs, outputs: [] })).json())
    expect(all.outputs).toHaveLength(3)
  })

  it('equals /predict on 2,000 rows, in chunks', async () => {
    const colors = Array.from({ length: 2_000 }, (_, row) => ['red', 'blué', 'green', ''][row % 4] ?? '')
    const sizes = Array.from({ length: 2_000 }, (_, row) => (row % 7 === 0 ? null : Math.sin(row) * 5))
    const inputs = [column('color', colors, 'BYTES'), column('size', sizes)]
    const { outputs } = inferenceResponse.parse((await infer(mixed, { inputs })).json())
    const rows = colors.map((color, row) => [color, sizes[row]])
    const predict = { method: 'POST', url: `/models/${mixed}/predict`, payload: { inputs: rows } } as const
    const predictions: { output: number[]; label: string; probabilities: Record<string, number> }[] = (
      await service.app.inject(predict)
    ).json().predictions
    expect(outputs.map(({ data }) => data)).toEqual([
      predictions.flatMap(({ output }) => output),
      predictions.map(({ label }) => label),
      predictions.flatMap(({ probabilities: { no = 0, yes = 0 } }) => [Math.fround(no), yes]),
    ])
  })

  it('of images takes their shape', async () => {
    const data = [
      [
        [[1], [2]],
        [[3], [4]],
      ],
      [
        [[0.5], [0]],
        [[0], [0]],
      ],
    ]
    const answer = await infer(image, {
      inputs: [{ name: 'input', shape: [2, 2, 2, 1], datatype: 'FP32', data }],
    })
    expect(answer.json().outputs).toEqual([
      { name: 'output', shape: [2, 1], datatype: 'FP64', data: [10, 0.5] },
    ])
  })
})

describe('a registered name', () => {
  it('is its current version, and each version has a path', async () => {
    const ids = [linear, (await storeModel(service, linearModel({ weights: float32Bytes([0, 0, 7]) }))).id]
    const put = (url: string, payload: object, headers = {}) =>
      service.app.inject({ method: 'PUT', url: `/registry/line${url}`, payload, headers })
    for (const modelId of ids) expect((await put('/versions', { modelId })).statusCode).toBe(201)
    const inputs = [column('a', [1]), column('b', [2])]
    const ask = async (path: string) => {
      const { statusCode, body, headers } = await service.app.inject({
        method: 'POST',
        url: `/v2/models/${path}/infer`,
        payload: { inputs },
      })
      if (statusCode !== 200) return statusCode
      const { model_name, model_version, outputs } = inferenceResponse.parse(JSON.parse(body))
      expect(headers['model-version']).toBe(model_version)
      return [model_name, model_version, outputs[0]?.data]
    }
    expect(await ask('line')).toBe(404)
    const created = await put('/aliases/current', { version: 1 }, { 'if-none-match': '*' })
    expect(await ask('line')).toEqual(['line', '1', [9]])
    expect(await ask('line@current')).toEqual(['line@current', '1', [9]])
    expect(await ask('line/versions/2')).toEqual(['line', '2', [7]])
    expect(await ask('line@2')).toEqual(['line@2', '2', [7]])
    for (const absent of ['line/versions/3', 'line/versions/01', `${linear}/versions/1`, 'other']) {
      expect(await ask(absent), absent).toBe(404)
    }
    await put('/aliases/current', { version: 2 }, { 'if-match': created.json().etag })
    expect(await ask('line')).toEqual(['line', '2', [7]])
    expect(modelMetadata.parse((await get('/v2/models/line')).json())).toMatchObject({
      name: 'line',
      versions: ['2'],
    })
    expect((await get('/v2/models/line/versions/1/ready')).json()).toEqual({ name: 'line', ready: true })
  })
})

describe('binary tensors', () => {
  /** A request as the extension describes it: JSON, then the bytes of the inputs in their order. */
  function inferBinary(id: string, json: object | null, parts: readonly Uint8Array[], length?: number) {
    const head = Buffer.from(json === null ? '' : JSON.stringify(json))
    return service.app.inject({
      method: 'POST',
      url: `/v2/models/${id}/infer`,
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(length ?? head.length),
      },
      payload: Buffer.concat([head, ...parts]),
    })
  }

  function readBinary(answer: Awaited<ReturnType<typeof inferBinary>>) {
    const length = Number(answer.headers['inference-header-content-length'])
    const bytes = answer.rawPayload
    const { outputs } = inferenceResponse.parse(JSON.parse(bytes.subarray(0, length).toString()))
    let offset = length
    const parts = outputs.map(({ parameters = {} }) => {
      const size = Number(parameters.binary_data_size)
      offset += size
      return bytes.subarray(offset - size, offset)
    })
    expect(offset).toBe(bytes.length)
    return { outputs, parts }
  }

  const texts = (...values: string[]) =>
    Buffer.concat(
      values.flatMap((value) => {
        const bytes = Buffer.from(value)
        const length = Buffer.alloc(4)
        length.writeUInt32LE(bytes.length)
        return [length, bytes]
      }),
    )
  const doubles = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer)
  const binary = (name: string, datatype: string, rows: number, size: number) => {
    return { name, datatype, shape: [rows, 1], parameters: { binary_data_size: size } }
  }

  it('are read and written', async () => {
    const colors = texts('red', 'blué', '')
    const json = {
      parameters: { binary_data_output: true },
      inputs: [binary('size', 'FP64', 3, 24), binary('color', 'BYTES', 3, colors.length)],
    }
    const answer = await inferBinary(mixed, json, [doubles(1, 2, Number.NaN), colors])
    expect(answer.headers['content-type']).toBe('application/octet-stream')
    const { outputs, parts } = readBinary(answer)
    expect(outputs).toEqual([
      { name: 'output', shape: [3, 1], datatype: 'FP32', parameters: { binary_data_size: 12 } },
      { name: 'label', shape: [3], datatype: 'BYTES', parameters: { binary_data_size: 20 } },
      { name: 'probabilities', shape: [3, 2], datatype: 'FP32', parameters: { binary_data_size: 24 } },
    ])
    expect(parts[1]).toEqual(texts('yes', 'no', 'yes'))
    for (const [row, logit] of [1.5, -1, 2].entries()) {
      expect(parts[0]?.readFloatLE(4 * row)).toBeCloseTo(sigmoid(logit), 6)
      expect(parts[2]?.readFloatLE(8 * row + 4)).toBeCloseTo(sigmoid(logit), 6)
    }
  })

  it('may be some of the inputs, and of the outputs', async () => {
    const json = {
      inputs: [binary('size', 'FP64', 1, 8), column('color', ['red'], 'BYTES')],
      outputs: [{ name: 'label' }, { name: 'output', parameters: { binary_data: true } }],
    }
    const answer = await inferBinary(mixed, json, [doubles(1)])
    const length = Number(answer.headers['inference-header-content-length'])
    const { outputs } = JSON.parse(answer.rawPayload.subarray(0, length).toString())
    expect(outputs[0]).toEqual({ name: 'label', shape: [1], datatype: 'BYTES', data: ['yes'] })
    expect(answer.rawPayload.readFloatLE(length)).toBeCloseTo(sigmoid(1.5), 6)
  })

  it('without JSON are the only input of a model', async () => {
    const { outputs, parts } = readBinary(await inferBinary(image, null, [doubles(1, 2, 3, 4, 0, 0, 0, 1)]))
    expect(outputs[0]).toMatchObject({ shape: [2, 1], datatype: 'FP64' })
    expect(parts[0]).toEqual(doubles(10, 1))
    const partial = await inferBinary(image, null, [doubles(1, 2, 3)])
    expect([partial.statusCode, partial.json().error]).toEqual([400, expect.stringContaining('24 bytes')])
    expect((await inferBinary(linear, null, [doubles(1)])).statusCode).toBe(400)
  })

  it('after more than 32 KiB of JSON are read with it in a thread', async () => {
    const rows = 9_000
    const json = {
      inputs: [column('a', Array(rows).fill(1.25)), binary('b', 'FP32', rows, 4 * rows)],
      outputs: [{ name: 'output', parameters: { binary_data: true } }],
    }
    expect(JSON.stringify(json).length).toBeGreaterThan(32 * 1024)
    const b = Float32Array.from({ length: rows }, (_, row) => row)
    const { parts } = readBinary(await inferBinary(linear, json, [Buffer.from(b.buffer)]))
    for (const row of [0, 1, 8_999]) expect(parts[0]?.readDoubleLE(8 * row)).toBe(2 * 1.25 + 3 * row + 1)
  })

  it.each([
    ['a JSON length beyond the body', 1_000, 'must be an integer from 0 to'],
    ['a JSON length that ends within the JSON', 10, 'not valid JSON'],
  ])('with %s are refused', async (_, length, says) => {
    const json = { inputs: [binary('a', 'FP64', 1, 8)] }
    const answer = await inferBinary(linear, json, [doubles(1)], length)
    expect(answer.statusCode).toBe(400)
    expect(errorSchema.parse(answer.json()).error).toContain(says)
  })
})

describe('an error', () => {
  const [a, b] = [column('a', [1]), column('b', [2])]

  it.each([
    ['an unknown input', { inputs: [a, b, column('c', [1])] }, '"c" is unknown'],
    ['a missing input', { inputs: [a] }, '"b" is missing: the inputs of this model are a, b'],
    ['a repeated input', { inputs: [a, b, a] }, '"a" is sent twice'],
    ['no row', { inputs: [column('a', []), column('b', [])] }, '0 rows; send 1 to 10000'],
    ['another number of rows', { inputs: [a, column('b', [1, 2])] }, 'the shape must be [1,1]'],
    ['another shape', { inputs: [a, { ...b, shape: [1] }] }, 'the shape must be [1,1]'],
    ['a huge shape', { inputs: [{ ...a, shape: [2 ** 40, 1] }, b] }, 'rows; send 1 to 10000'],
    ['a negative shape', { inputs: [{ ...a, shape: [-1, 1] }, b] }, '/inputs/0/shape/0'],
    ['texts for numbers', { inputs: [column('a', ['1'], 'BYTES'), b] }, 'has the datatype BYTES; send FP64'],
    ['an unknown type', { inputs: [{ ...a, datatype: 'FP16' }, b] }, '/inputs/0/datatype'],
    ['too few elements', { inputs: [{ ...a, data: [] }, b] }, 'has 0 elements, but its shape has 1'],
    [
      'no data',
      { inputs: [{ ...a, data: undefined }, b] },
      'neither data nor the parameter binary_data_size',
    ],
    ['an element of another type', { inputs: [{ ...a, data: ['x'] }, b] }, 'row 0: a: "\\"x\\"" is not FP64'],
    ['a missing number', { inputs: [{ ...a, data: [null] }, b] }, 'row 0: a: is missing'],
    ['an unknown output', { inputs: [a, b], outputs: [{ name: 'y' }] }, 'outputs of this model are output'],
    ['a repeated output', { inputs: [a, b], outputs: [{ name: 'output' }, { name: 'output' }] }, 'twice'],
    [
      'a ranking of classes',
      { inputs: [a, b], outputs: [{ name: 'output', parameters: { classification: 2 } }] },
      'classification, which is not supported',
    ],
    ['no inputs', {}, '/inputs'],
  ])('names %s', async (_, request, says) => {
    const answer = await infer(linear, request)
    expect([400, 422]).toContain(answer.statusCode)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(errorSchema.parse(answer.json()).error).toContain(says)
  })

  it('of one row is one of the request', async () => {
    const inputs = [column('a', [1, null, null]), column('b', [1, 2, 3])]
    const answer = await infer(linear, { inputs })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({
      error: 'row 1: a: is missing, and this column has no imputation (and 1 more rows)',
    })
  })

  it.each([
    ['POST', '/v2/models/none/infer', '{', 400],
    ['POST', '/v2/models/none/infer', '{"inputs":[]}', 404],
    ['GET', '/v2/models', undefined, 404],
    ['GET', '/v2/nothing', undefined, 404],
  ] as const)('of %s %s has the shape of the protocol', async (method, url, payload, status) => {
    const answer = await service.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) })
    expect(answer.statusCode).toBe(status)
    errorSchema.parse(answer.json())
  })

  it('of a missing key or scope has the shape of the protocol', async () => {
    const { header } = await keyFor(service, 'local', ['jobs:read'])
    await expect.poll(async () => (await get(`/v2/models/${linear}`)).statusCode).toBe(401)
    errorSchema.parse((await get(`/v2/models/${linear}`)).json())
    const answer = await service.app.inject({
      url: `/v2/models/${linear}`,
      headers: { authorization: header },
    })
    expect(answer.statusCode).toBe(403)
    expect(answer.json()).toEqual({
      error: 'This key lacks the scope models:predict. Use a key that has it.',
    })
    expect((await get('/v2/health/ready')).statusCode).toBe(200)
  })
})
