/** Refused requests, one row each, with the expected problem. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fastify from 'fastify'
import request, { type Test } from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProblemCode, problemSchema, problems } from '../../src/contract/problems.js'
import { errorHandler } from '../../src/http/problem-responses.js'
import { readRequestId } from '../../src/http/request-trace.js'
import { generous, limits, openApp, type RunningApp } from '../support/app.js'
import { expectProblem } from '../support/problem.js'
import { linearModel, startJob, storeEpochs, storeModel, xorSpec } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp
let modelId: string
let brokenModelId: string
let queuedJobId: string
let endedJobId: string
/** All its epochs have begun. */
let pausedJobId: string

beforeAll(async () => {
  service = await openApp()
  const model = await storeModel(service)
  modelId = model.id
  endedJobId = (await service.models.get(modelId))?.jobId ?? ''
  brokenModelId = (await storeModel(service, linearModel())).id
  await service.database.weightChunk.updateMany({
    where: { modelId: brokenModelId },
    data: { bytes: new Uint8Array(12) },
  })
  const { body } = await api().post('/jobs').send(xor)
  queuedJobId = body.id
  const whole = await startJob(service, 'worker_a', { spec: xorSpec({ epochs: 2 }) })
  await storeEpochs(
    service,
    whole,
    upTo(2).map((epoch) => ({
      epoch,
      loss: 1,
      accuracy: null,
      valLoss: null,
      valAccuracy: null,
      seconds: 0,
    })),
  )
  await service.jobs.pause(whole.jobId)
  pausedJobId = whole.jobId
})

afterAll(() => service.close())

const api = () => request(service.app.server)

const hidden = { type: 'dense', units: 4, activation: 'tanh' }
const output = { type: 'dense', units: 1, activation: 'sigmoid' }
const xor = { dataset: 'xor', network: { layers: [hidden, output] }, loss: 'binaryCrossentropy', epochs: 5 }
const withLayers = (...layers: unknown[]) => ({ ...xor, network: { layers } })

interface Refusal {
  name: string
  send: () => Test
  code: ProblemCode
  pointers: string[]
  /** Part of the detail. */
  says?: string
}

const postJson = (path: () => string, body: string) => () =>
  api().post(path()).set('content-type', 'application/json').send(body)

function job(name: string, body: unknown, code: ProblemCode, pointers: string[], says?: string): Refusal {
  return { name, send: postJson(() => '/jobs', JSON.stringify(body)), code, pointers, says }
}

function rawJob(name: string, body: string, code: ProblemCode, pointers: string[], says?: string): Refusal {
  return { name, send: postJson(() => '/jobs', body), code, pointers, says }
}

function predict(name: string, body: unknown, code: ProblemCode, pointers: string[], says?: string): Refusal {
  return {
    name,
    send: postJson(() => `/models/${modelId}/predict`, JSON.stringify(body)),
    code,
    pointers,
    says,
  }
}

function get(path: string | (() => string), code: ProblemCode, pointers: string[], says?: string): Refusal {
  const of = typeof path === 'string' ? () => path : path
  return { name: String(path).slice(0, 80), send: () => api().get(of()), code, pointers, says }
}

function csv(name: string, body: string, code: ProblemCode, says: string, query = ''): Refusal {
  const send = () => api().post(`/datasets${query}`).set('content-type', 'text/csv').send(body)
  return { name, send, code, pointers: query === '?foo=1' ? ['/foo'] : [], says }
}

function typed(contentType: string): Refusal {
  const send = () => api().post('/jobs').set('content-type', contentType).send('a=1')
  return { name: contentType, send, code: 'unsupported-media-type', pointers: [], says: contentType }
}

const bodies: Refusal[] = [
  rawJob('an empty body', '', 'malformed-json', [], 'empty'),
  rawJob('half a body', '{"dataset":', 'malformed-json', [], 'not valid JSON'),
  rawJob('a __proto__ key', '{"__proto__":{"epochs":1}}', 'malformed-json', [], '__proto__'),
  rawJob('a constructor.prototype key', '{"constructor":{"prototype":1}}', 'malformed-json', []),
  rawJob('200,000 nested lists', '['.repeat(200_000) + ']'.repeat(200_000), 'too-deep', [], '32'),
  rawJob('1.1 MB', `{"name":"${'x'.repeat(1_150_000)}"}`, 'body-too-large', [], String(limits.bodyBytes)),
  rawJob('1e999', JSON.stringify(xor).replace(':5', ':1e999'), 'invalid-request', ['/epochs'], 'range'),
  typed('text/plain'),
  typed('text/csv'),
  typed('application/xml'),
  typed('application/x-www-form-urlencoded'),
  { name: 'no body', send: () => api().post('/jobs'), code: 'invalid-request', pointers: [''] },
  job('null', null, 'invalid-request', [''], 'an object'),
  job('a list', [], 'invalid-request', [''], 'a list'),
]

const fields: Refusal[] = [
  job('an unknown field', { ...xor, epoch: 5 }, 'invalid-request', ['/epoch'], 'not a known field'),
  job('two unknown fields', { ...xor, 'a/b': 1, 'c~d': 2 }, 'invalid-request', ['/a~1b', '/c~0d']),
  job('a coercible string', { ...xor, epochs: '10' }, 'invalid-request', ['/epochs'], 'the text "10"'),
  job('a broken number', { ...xor, epochs: 1.5 }, 'invalid-request', ['/epochs'], 'whole number, not 1.5'),
  job('no epochs', { ...xor, epochs: 0 }, 'invalid-request', ['/epochs'], 'at least 1'),
  job('too many epochs', { ...xor, epochs: 1e9 }, 'invalid-request', ['/epochs'], 'at most 10000000'),
  job('a field left out', { ...xor, loss: undefined }, 'invalid-request', ['/loss'], 'must be one of'),
  job('an unsafe integer', { ...xor, seed: 2 ** 53 }, 'invalid-request', ['/seed'], '9007199254740991'),
  job('a negative seed', { ...xor, seed: -1 }, 'invalid-request', ['/seed']),
  job('true as a number', { ...xor, clipNorm: true }, 'invalid-request', ['/clipNorm'], 'not true'),
  job('a negative penalty', { ...xor, l1: -0.1 }, 'invalid-request', ['/l1'], 'at least 0'),
  job('an unknown loss', { ...xor, loss: 'mse' }, 'invalid-request', ['/loss'], '"meanSquaredError"'),
  job('a zero in the name', { ...xor, name: 'a\0b' }, 'invalid-request', ['/name']),
  job('half a character', { ...xor, name: 'a\ud800b' }, 'invalid-request', ['/name']),
  job('a zero in the dataset', { ...xor, dataset: 'a\0b' }, 'invalid-request', ['/dataset']),
  job('a zero in metadata', { ...xor, metadata: { a: '\0' } }, 'invalid-request', ['/metadata/a']),
  job('a zero in a key', { ...xor, metadata: { 'a\0': '' } }, 'invalid-request', ['/metadata/a\0'], 'name'),
  job('numbers in metadata', { ...xor, metadata: { a: 1 } }, 'invalid-request', ['/metadata/a'], 'text'),
  job(
    'too much metadata',
    { ...xor, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, ''])) },
    'invalid-request',
    ['/metadata'],
  ),
  job('a batch called half', { ...xor, batchSize: 'half' }, 'invalid-request', ['/batchSize'], '"full"'),
  job('a batch of none', { ...xor, batchSize: 0 }, 'invalid-request', ['/batchSize'], 'at least 1'),
  job(
    'a derived feature of no column',
    { ...xor, derivedFeatures: [{ type: 'square', of: 'x3' }] },
    'invalid-spec',
    ['/derivedFeatures/0/of'],
    '"x3" is not a feature that is a number column; these are x1, x2',
  ),
  job(
    'a derived feature of the target',
    { ...xor, derivedFeatures: [{ type: 'product', of: ['x1', 'y'] }] },
    'invalid-spec',
    ['/derivedFeatures/0/of'],
    '"y" is not',
  ),
  job(
    'a product of one column',
    { ...xor, derivedFeatures: [{ type: 'product', of: ['x1', 'x1'] }] },
    'invalid-spec',
    ['/derivedFeatures/0/of'],
    '{"type": "square", "of": "x1"}',
  ),
  job(
    'a product of three columns',
    { ...xor, derivedFeatures: [{ type: 'product', of: ['x1', 'x2', 'x1'] }] },
    'invalid-request',
    ['/derivedFeatures/0/of'],
    'at most 2 items',
  ),
  job(
    'a derived feature twice',
    {
      ...xor,
      derivedFeatures: [
        { type: 'product', of: ['x1', 'x2'] },
        { type: 'product', of: ['x2', 'x1'] },
      ],
    },
    'invalid-spec',
    ['/derivedFeatures/1'],
    'x2 · x1 is there twice',
  ),
  job(
    'an unknown derived feature',
    { ...xor, derivedFeatures: [{ type: 'cube', of: 'x1' }] },
    'invalid-request',
    ['/derivedFeatures/0/type'],
    '"square"',
  ),
  job(
    'an input shape without the derived features',
    { ...xor, network: { ...xor.network, inputShape: [2] }, derivedFeatures: [{ type: 'sin', of: 'x1' }] },
    'invalid-spec',
    ['/network/inputShape'],
    'a row of the dataset has 2 and 1 derived feature',
  ),
  job('an id that is none', { ...xor, from: 'mdl_1' }, 'invalid-request', ['/from'], '32 hexadecimal'),
  job('no layers', withLayers(), 'invalid-request', ['/network/layers'], 'at least 1 item'),
  job('text as units', withLayers({ type: 'dense', units: '4' }), 'invalid-request', [
    '/network/layers/0/units',
  ]),
  job(
    'a wrong activation in the second layer',
    withLayers(hidden, { ...output, activation: 'sigmoyd' }),
    'invalid-request',
    ['/network/layers/1/activation'],
    '"sigmoid"',
  ),
  job(
    'an unknown layer',
    withLayers({ type: 'dens' }),
    'invalid-request',
    ['/network/layers/0/type'],
    '"dense"',
  ),
  job(
    'a layer of no type',
    withLayers({ units: 1 }),
    'invalid-request',
    ['/network/layers/0/type'],
    '"dense"',
  ),
  job('a field of another layer', withLayers({ ...output, rate: 0 }), 'invalid-request', [
    '/network/layers/0/rate',
  ]),
  job('half a kernel', withLayers({ type: 'conv2d', filters: 1, kernelSize: [3, 'x'] }), 'invalid-request', [
    '/network/layers/0/kernelSize/1',
  ]),
  job(
    'dropping all',
    withLayers({ type: 'dropout', rate: 1 }),
    'invalid-request',
    ['/network/layers/0/rate'],
    'less than 1',
  ),
  job('an optimizer as text', { ...xor, optimizer: 'sgd' }, 'invalid-request', ['/optimizer'], 'an object'),
  job(
    'a rate below zero',
    { ...xor, optimizer: { type: 'sgd', learningRate: -1 } },
    'invalid-request',
    ['/optimizer/learningRate'],
    'more than 0',
  ),
  job('text among the rows', { ...xor, dataset: { x: [[0, '1']], y: [1] } }, 'invalid-request', [
    '/dataset/x/0/1',
  ]),
  job('rows without targets', { ...xor, dataset: { x: [[0, 1]], z: 1 } }, 'invalid-request', [
    '/dataset/y',
    '/dataset/z',
  ]),
  job('no rows', { ...xor, dataset: { x: [], y: [] } }, 'invalid-request', ['/dataset/x', '/dataset/y']),
  job('a number as dataset', { ...xor, dataset: 5 }, 'invalid-request', ['/dataset'], 'text'),
]

const misspelt: Refusal[] = [
  job('epoch', { ...xor, epoch: 5 }, 'invalid-request', ['/epoch'], 'did you mean "epochs"?'),
  job(
    'batch_size',
    { ...xor, batch_size: 4 },
    'invalid-request',
    ['/batch_size'],
    'did you mean "batchSize"?',
  ),
  job(
    'a field of a layer',
    withLayers({ ...hidden, activaton: 'relu' }, output),
    'invalid-request',
    ['/network/layers/0/activaton'],
    'did you mean "activation"?',
  ),
  job(
    'a field of an optimizer',
    { ...xor, optimizer: { type: 'sgd', lr: 0.1 } },
    'invalid-request',
    ['/optimizer/lr'],
    'did you mean "learningRate"?',
  ),
  job(
    'a field that only another optimizer has',
    { ...xor, optimizer: { type: 'sgd', beta_1: 0.1 } },
    'invalid-request',
    ['/optimizer/beta_1'],
    'is not a known field',
  ),
  job(
    'a layer',
    withLayers({ ...hidden, type: 'desne' }),
    'invalid-request',
    ['/network/layers/0/type'],
    '"dense"?',
  ),
  job(
    'an optimizer',
    { ...xor, optimizer: { type: 'adm' } },
    'invalid-request',
    ['/optimizer/type'],
    '"adam"?',
  ),
  job('a loss', { ...xor, loss: 'mse' }, 'invalid-request', ['/loss'], 'did you mean "meanSquaredError"?'),
  job(
    'early stopping',
    { ...xor, earlyStopping: { patience: 3, restore_best: true } },
    'invalid-request',
    ['/earlyStopping/restore_best'],
    'did you mean "restoreBest"?',
  ),
  job(
    'a setting of a generated dataset',
    { ...xor, dataset: { name: 'moons', noize: 1 } },
    'invalid-request',
    ['/dataset/noize'],
    'did you mean "noise"?',
  ),
  job(
    'a field one level too high',
    { ...xor, learningRate: 0.1 },
    'invalid-request',
    ['/learningRate'],
    'is not a known field here: it is one of "optimizer"',
  ),
  job(
    'a word in place of an object',
    { ...xor, classWeight: 'balance' },
    'invalid-request',
    ['/classWeight'],
    'must be an object, not the text "balance"; did you mean "balanced"?',
  ),
  job('a dataset', { ...xor, dataset: 'irsi' }, 'invalid-spec', ['/dataset'], 'did you mean "iris"?'),
  get('/jobs?stauts=failed', 'invalid-request', ['/stauts'], 'did you mean "status"?'),
  get('/jobs?status=suceeded', 'invalid-request', ['/status'], 'did you mean "succeeded"?'),
]

const impossible: Refusal[] = [
  job('an unknown dataset', { ...xor, dataset: 'nope' }, 'invalid-spec', ['/dataset'], 'built-ins are and'),
  job('ragged rows', { ...xor, dataset: { x: [[0, 1], [1]], y: [1, 0] } }, 'invalid-dataset', [
    '/dataset/x/1',
  ]),
  job('fewer targets', { ...xor, dataset: { x: [[0], [1]], y: [1] } }, 'invalid-dataset', ['/dataset/y']),
  job('an unknown model', { ...xor, from: `mdl_${'0'.repeat(32)}` }, 'invalid-spec', ['/from'], 'no model'),
  job(
    'three outputs for one number',
    withLayers({ ...output, units: 3 }),
    'invalid-spec',
    ['/network/layers/0'],
    '1 unit',
  ),
  job(
    'one class',
    { ...xor, loss: 'categoricalCrossentropy' },
    'invalid-spec',
    ['/network/layers/1'],
    'sigmoid',
  ),
  job(
    'categoricalCrossentropy without softmax',
    { ...withLayers({ ...output, units: 2 }), loss: 'categoricalCrossentropy' },
    'invalid-spec',
    ['/network/layers/0/activation'],
    'softmax',
  ),
  job(
    'a step under a gradient',
    { ...withLayers({ ...output, activation: 'step' }), loss: 'squaredError' },
    'invalid-spec',
    ['/network/layers/0/activation'],
    'no gradient',
  ),
  job('a batch larger than the rows', { ...xor, batchSize: 5 }, 'invalid-spec', ['/batchSize'], 'at most 4'),
  job('an input of another size', { ...xor, network: { ...xor.network, inputShape: [3] } }, 'invalid-spec', [
    '/network/inputShape',
  ]),
  job('watching what is not held out', { ...xor, earlyStopping: {} }, 'invalid-spec', [
    '/earlyStopping/monitor',
  ]),
  job(
    'a network of 8 TB',
    withLayers({ ...hidden, units: 1e6 }, { ...hidden, units: 1e6 }, output),
    'model-too-large',
    [],
    String(generous.arenaBytes),
  ),
  job(
    'years of work',
    { ...withLayers({ ...hidden, units: 200 }, { ...hidden, units: 200 }, output), epochs: 1e7 },
    'budget-exceeded',
    [],
    '1.00e+12',
  ),
]

const uploads: Refusal[] = [
  csv('an empty file', '', 'invalid-dataset', 'empty'),
  csv('a header alone', 'a,b\n', 'invalid-dataset', 'no rows'),
  csv('a ragged row', 'a,b\n1,2\n3\n', 'invalid-dataset', 'line 3'),
  csv('an open quote', 'a,b\n1,"2\n', 'invalid-dataset', 'quoted'),
  csv('a zero byte', 'a,b\n1,\0\n', 'invalid-dataset', 'line 2'),
  csv('one column', 'a\n1\n', 'invalid-dataset', 'at least one feature'),
  csv('two columns of one name', 'a,a\n1,2\n', 'invalid-dataset', '"a"'),
  csv('a target that is none', 'a,b\n1,2\n', 'invalid-dataset', 'a, b', '?target=c'),
  csv(
    'more than is allowed',
    `a,b\n${'1,2\n'.repeat(600_000)}`,
    'dataset-too-large',
    'MAXIMUM_DATASET_BYTES',
  ),
  csv('an unknown parameter', 'a,b\n1,2\n', 'invalid-request', '/foo', '?foo=1'),
  {
    name: 'a file of another kind',
    send: () => api().post('/datasets').send({ a: 1 }),
    code: 'unsupported-media-type',
    pointers: [],
    says: 'text/csv',
  },
  {
    name: 'a name with a zero',
    send: () => api().post('/datasets?name=%00').set('content-type', 'text/csv').send('a,b\n1,2\n'),
    code: 'invalid-request',
    pointers: ['/name'],
  },
]

const questions: Refusal[] = [
  predict('no rows', { inputs: [] }, 'invalid-request', ['/inputs'], 'at least 1 item'),
  predict('nothing', {}, 'invalid-request', ['/inputs'], 'missing'),
  predict('too few numbers', { inputs: [[1]] }, 'invalid-input', ['/inputs/0'], '2 values: a, b'),
  predict('text', { inputs: [[1, '2x']] }, 'invalid-input', ['/inputs/0/1'], '"2x" is not a number'),
  predict('a list', { inputs: [[1, [2]]] }, 'invalid-request', ['/inputs/0/1']),
  predict('null by name', { inputs: [{ a: 1, b: null }] }, 'invalid-input', ['/inputs/0/b'], 'missing'),
  predict('a row that is a number', { inputs: [5] }, 'invalid-request', ['/inputs/0']),
  predict('a missing column', { inputs: [{ a: 1 }] }, 'invalid-input', ['/inputs/0'], 'b is missing'),
  predict(
    'an unknown column',
    { inputs: [{ a: 1, b: 2, 'c/d': 3 }] },
    'invalid-input',
    ['/inputs/0/c~1d'],
    '"c/d"',
  ),
  predict('numbers beyond float32', { inputs: [[1e39, 1]] }, 'invalid-input', ['/inputs/0/0'], 'too large'),
  predict('an infinite answer', { inputs: [[3e38, 3e38]] }, 'invalid-input', ['/inputs/0']),
  get(() => `/models/${modelId}/predict`, 'invalid-request', [], '?a=0&b=0'),
  get(
    () => `/models/${modelId}/predict?x=1&x=2`,
    'invalid-input',
    ['/x/0', '/x/1'],
    'has 1 value, but the model takes',
  ),
  get(() => `/models/${modelId}/predict?x=1,b`, 'invalid-request', ['/x/0/1'], '"b"'),
  get(() => `/models/${modelId}/predict?x=1,Infinity`, 'invalid-request', ['/x/0/1']),
  get(() => `/models/${modelId}/predict?x=,1`, 'invalid-input', ['/x/0/0'], 'missing'),
  get(() => `/models/${modelId}/predict?x=1,1e39`, 'invalid-input', ['/x/0/1']),
  get(() => `/models/${modelId}/predict?x=1,2&a=1`, 'invalid-request', ['/x'], 'cannot be combined'),
  get(() => `/models/${modelId}/predict?a=1`, 'invalid-input', [''], 'b is missing'),
  get(() => `/models/${modelId}/predict?a=1&b=2&c=3`, 'invalid-input', ['/c']),
  get(() => `/models/${modelId}/predict?a=1&a=1&b=2`, 'invalid-request', ['/a'], 'is repeated'),
  get(() => `/models/${modelId}/predict?a=0x10&b=2`, 'invalid-request', ['/a']),
  get('/models/none/predict?x=1', 'not-found', []),
  get(() => `/models/${brokenModelId}/predict?x=1,2`, 'integrity', [], 'do not match their hash'),
]

const addresses: Refusal[] = [
  get('/nothing', 'not-found', [], 'GET /nothing'),
  ...['/jobs', '/models', '/datasets'].flatMap((list) => [
    get(`${list}/none`, 'not-found', [], 'none'),
    get(`${list}/%00`, 'invalid-request', ['/id']),
    get(`${list}/${'x'.repeat(2_000)}`, 'invalid-request', []),
    get(`${list}/%zz`, 'invalid-request', []),
    get(`${list}?limit=0`, 'invalid-request', ['/limit'], 'at least 1'),
    get(`${list}?limit=101`, 'invalid-request', ['/limit'], 'at most 100'),
    get(`${list}?limit=abc`, 'invalid-request', ['/limit'], 'whole number'),
    get(`${list}?limit=1&limit=2`, 'invalid-request', ['/limit']),
    get(`${list}?after=nobody`, 'invalid-request', ['/after']),
    get(`${list}?after=nobody~`, 'invalid-request', ['/after']),
    get(`${list}?after=nobody~zzzzzzzzzz`, 'invalid-request', ['/after']),
    get(`${list}?after=%00`, 'invalid-request', ['/after']),
    get(`${list}?page=2`, 'invalid-request', ['/page'], 'not a known field'),
  ]),
  get(() => `/jobs?after=${modelId}`, 'invalid-request', ['/after']),
  get('/jobs?status=done', 'invalid-request', ['/status'], '"succeeded"'),
  get('/jobs/none/epochs', 'not-found', []),
  get('/jobs/none/epochs?points=1', 'invalid-request', ['/points']),
  get('/jobs/none/epochs?after=-1', 'invalid-request', ['/after']),
  get('/jobs/none/stream', 'not-found', []),
  get(() => `/jobs/${queuedJobId}/stream`, 'websocket-required', []),
  get(() => `/jobs/${queuedJobId}/stream?after=x`, 'invalid-request', ['/after']),
  {
    name: 'cancelling nothing',
    send: () => api().post('/jobs/none/cancel'),
    code: 'not-found',
    pointers: [],
  },
  {
    name: 'cancelling what ended',
    send: () => api().post(`/jobs/${endedJobId}/cancel`),
    code: 'job-finished',
    pointers: [],
    says: 'succeeded',
  },
  {
    name: 'deleting a built-in dataset',
    send: () => api().delete('/datasets/iris'),
    code: 'dataset-in-use',
    pointers: [],
    says: 'built in',
  },
  { name: 'an unknown method', send: () => api().put('/jobs'), code: 'not-found', pointers: [] },
]

function steer(
  name: string,
  path: () => string,
  code: ProblemCode,
  pointers: string[],
  says?: string,
  body?: object,
): Refusal {
  return { name, send: () => api().post(path()).send(body), code, pointers, says }
}

const steering: Refusal[] = [
  steer('pausing nothing', () => '/jobs/none/pause', 'not-found', [], 'none'),
  steer('resuming nothing', () => '/jobs/none/resume', 'not-found', [], 'none'),
  steer('pausing what ended', () => `/jobs/${endedJobId}/pause`, 'job-finished', [], 'succeeded'),
  steer('resuming what ended', () => `/jobs/${endedJobId}/resume`, 'job-finished', [], 'succeeded'),
  steer('resuming what waits', () => `/jobs/${queuedJobId}/resume`, 'invalid-transition', [], 'not paused'),
  steer(
    'fewer epochs than one',
    () => `/jobs/${pausedJobId}/resume`,
    'invalid-request',
    ['/epochs'],
    'at least 1',
    { epochs: 0 },
  ),
  steer('no rate', () => `/jobs/${pausedJobId}/resume`, 'invalid-request', ['/learningRate'], 'more than 0', {
    learningRate: 0,
  }),
  steer('another loss', () => `/jobs/${pausedJobId}/resume`, 'invalid-request', ['/loss'], 'known field', {
    loss: 'huber',
  }),
  steer(
    'more epochs when the last has begun',
    () => `/jobs/${pausedJobId}/resume`,
    'invalid-spec',
    ['/epochs'],
    'could take effect from epoch 4 only',
    { epochs: 9 },
  ),
  {
    name: 'a change from a stored epoch on',
    send: () => api().patch(`/jobs/${pausedJobId}`).send({ learningRate: 0.5, afterEpoch: 1 }),
    code: 'epoch-begun',
    pointers: ['/afterEpoch'],
    says: 'can take effect after epoch',
  },
  {
    name: 'deleting nothing',
    send: () => api().delete('/jobs/none'),
    code: 'not-found',
    pointers: [],
    says: 'none',
  },
  {
    name: 'deleting what has not ended',
    send: () => api().delete(`/jobs/${queuedJobId}`),
    code: 'job-active',
    pointers: [],
    says: 'queued: cancel it first',
  },
  job('a priority beyond all', { ...xor, priority: 101 }, 'invalid-request', ['/priority'], 'at most 100'),
]

const all = [
  ...bodies,
  ...fields,
  ...misspelt,
  ...impossible,
  ...uploads,
  ...questions,
  ...addresses,
  ...steering,
]

describe('refusals', () => {
  it.each(all)('$code: $name', async ({ send, code, pointers, says }) => {
    const answer = await send()
    expectProblem(answer.headers['content-type'], answer.text, code)
    const { status, detail, errors } = problemSchema.parse(answer.body)
    expect(answer.status).toBe(status)
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers)
    expect(detail + errors.map(({ message }) => message).join()).toContain(says ?? '')
  })

  it('is not ready while a part is unavailable', async () => {
    service.missing.push('no worker is connected')
    const answer = await api().get('/health/ready')
    service.missing.pop()
    expectProblem(answer.headers['content-type'], answer.text, 'unavailable')
    expect(answer.body.detail).toContain('no worker is connected')
  })

  it('covers every problem code', () => {
    // Some need several requests or a process: idempotency, webhooks and keys.test.ts, test/hostile.
    const elsewhere: ProblemCode[] = [
      'unavailable',
      'internal',
      'request-timeout',
      'headers-too-large',
      'insufficient-storage',
      'idempotency-key-in-flight',
      'idempotency-key-reused',
      'too-many-webhooks',
      'unauthorized',
      'forbidden',
      'foreign-origin',
      // In routes.test.ts.
      'model-in-use',
      // In administration.test.ts.
      'tenant-suspended',
      'too-many-keys',
      'key-not-live',
      'last-admin-key',
      // In tenant-deletion.test.ts.
      'tenant-active',
      'tenant-deleting',
      // In registry.test.ts.
      'precondition-failed',
      'precondition-required',
      'version-unavailable',
      'registry-full',
      // In sweeps.test.ts.
      'too-many-sweeps',
      // In share-links.test.ts.
      'too-many-share-links',
      // In workshops.test.ts.
      'too-many-workshops',
      'workshop-full',
      'nickname-taken',
      'no-keys',
      // In limits.test.ts.
      'rate-limited',
      'too-many-jobs',
      'too-many-sockets',
      'too-much-stored',
      // In export-model.test.ts.
      'not-exportable',
      // In model-import.test.ts.
      'invalid-model',
      // In overload.test.ts.
      'overloaded',
    ]
    const met = new Set<ProblemCode>([...elsewhere, ...all.map(({ code }) => code)])
    expect([...met].toSorted()).toEqual(Object.keys(problems).toSorted())
  })

  it('answers invalid HTTP with a problem', async () => {
    const address = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect(Number(new URL(address).port), '127.0.0.1')
    socket.end('what?\r\n\r\n')
    const [head, body] = (await text(socket)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request/)
    expectProblem(/content-type: (.*)/.exec(head)?.[1], body, 'invalid-request')
  })

  it('does not take a broken connection to the database for one of the client', async () => {
    const app = fastify({ genReqId: readRequestId })
    app.setErrorHandler(errorHandler(() => 'unavailable'))
    app.get('/', () => Promise.reject(Object.assign(new Error('read'), { code: 'ECONNRESET' })))
    const answer = await app.inject('/')
    expectProblem(String(answer.headers['content-type']), answer.body, 'unavailable')
    await app.close()
  })

  it('gives every response a different trace id', async () => {
    const answers = await Promise.all([api().get('/jobs/none'), api().get('/jobs/none')])
    expect(new Set(answers.map(({ body }) => body.traceId)).size).toBe(2)
  })
})
