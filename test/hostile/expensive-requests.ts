/** The most expensive allowed requests of every route. */

import { createModelForm } from '../../bench/adversary/model-form.js'
import { maximumRepeats } from '../../src/contract/folds.js'
import type { JobSpec } from '../../src/contract/job-spec.js'
import { localTenant } from '../../src/contract/key.js'
import { maximumFolds } from '../../src/contract/network.js'
import { registryLimits } from '../../src/contract/registry.js'
import { sweepLimits } from '../../src/contract/sweep.js'
import { fromNormalForm } from '../../src/training/construct.js'
import { newId } from '../../src/training/new-id.js'
import { unknownOrigin } from '../../src/training/ports/origin.js'
import { newJob, type Stores, startJob, storeModel, xorSpec } from '../support/stores.js'
import { sweepDefinition } from '../support/sweep-definition.js'
import type { Request } from './raw-requests.js'

/** The default of MAXIMUM_BODY_BYTES. */
const bodyBytes = 1024 * 1024

interface CostlyRequest extends Request {
  name: string
}

/** Ids of the objects that the requests use. */
export interface Things {
  /** With 20,000 epochs. */
  job: string
  /** On 100,000 generated rows. */
  generatedJob: string
  /** With a validation split. */
  splitJob: string
  /** Two inputs, one output. */
  model: string
  /** 16 inputs, 65,536 hidden units. */
  largeModel: string
  /** With the most repeats and folds. */
  repeatedJob: string
  /** Of a job that retrained on 100,000 generated rows. */
  retrainedModel: string
  /** The job of that model. */
  retrainingJob: string
  /** 10,000 columns. */
  wideDataset: string
  /** 10,000 trials. */
  largeSweep: string
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)
const generated = { name: 'parity', inputs: 16, rows: 100_000, seed: 1 }
const wide = upTo(10_000)

export async function makeThings(
  stores: Stores,
  ask: (request: Request) => Promise<unknown>,
): Promise<Things> {
  const claim = await startJob(stores)
  const metrics = Float64Array.from({ length: 4 * 20_000 }, (_, index) => 1 / (3 + index))
  await stores.runs.record(claim, {
    epochs: { firstEpoch: 1, metrics },
    seconds: 1,
    backend: 'wasm',
    backendDetail: null,
    checkpoint: null,
    snapshots: null,
  })
  const spec = (changes: object) => xorSpec({ dataset: { ...generated, name: 'parity' }, ...changes })
  const generatedJob = newJob({ spec: spec({}) })
  const splitJob = newJob({ spec: spec({ validationSplit: 0.5, split: 'random' }) })
  for (const each of [generatedJob, splitJob]) await stores.jobs.create(each)
  const { id: model } = await storeModel(stores)
  const largeModel = newId('model')
  const form = fromNormalForm({ inputs: 16, trueRows: upTo(2 ** 16) })
  await stores.models.create({ ...form, id: largeModel, name: null, evaluation: null })
  await registerMany(stores, model)
  const header = wide.map((index) => `column${index}`).join()
  const rows = upTo(50).map((row) => wide.map((index) => (row * index) % 97).join())
  const upload = async (request: Request) => Reflect.get(Object(await ask(request)), 'id') as string
  const wideDataset = await upload({
    path: '/datasets',
    body: [header, ...rows].join('\n'),
    type: 'text/csv',
  })
  await stores.database.$executeRaw`
    INSERT INTO "Dataset" SELECT copy.*
    FROM "Dataset" AS wide, generate_series(1, 40) AS number,
      jsonb_populate_record(wide, jsonb_build_object('id', 'ds_' || md5(number::text))) AS copy
    WHERE wide.id = ${wideDataset}`
  return {
    job: claim.jobId,
    generatedJob: generatedJob.id,
    splitJob: splitJob.id,
    model,
    largeModel,
    ...(await storeRetrained(stores, spec({ validationSplit: 0.5, testSplit: 0.5, split: 'random' }))),
    wideDataset,
    largeSweep: await storeSweep(stores, claim.jobId),
    repeatedJob: await storeRepeats(stores, claim.jobId),
  }
}

/** A job whose trials, as many as possible, have 10,000 epochs each. */
async function storeRepeats({ database, sweeps, jobs }: Stores, job: string): Promise<string> {
  const id = newId('sweep')
  const trials = maximumRepeats * maximumFolds
  const definition = {
    ...sweepDefinition({ ...sweep, parameters: manyValues(1, 1) }, 1),
    parameters: [],
    seeds: maximumRepeats,
    folds: maximumFolds,
  }
  await sweeps.of(localTenant).create({ id, name: null, definition, trials, ...unknownOrigin })
  const { id: repeated } = await jobs.create(newJob())
  await database.$executeRaw`
    UPDATE "Sweep" SET created = trials, status = 'succeeded', "jobId" = ${repeated} WHERE id = ${id}`
  await database.$executeRaw`
    INSERT INTO "Job" SELECT copy.*
    FROM "Job" AS job, generate_series(1, ${trials}::int) AS number,
      jsonb_populate_record(job, jsonb_build_object('id', 'job_' || md5('repeat' || number),
        'status', 'succeeded', 'sweepId', ${id}::text, 'trial', number)) AS copy
    WHERE job.id = ${job}`
  await database.$executeRaw`
    INSERT INTO "EpochBatch" SELECT copy.*
    FROM "EpochBatch" AS batch, generate_series(1, ${trials}::int) AS number,
      jsonb_populate_record(batch, jsonb_build_object('jobId', 'job_' || md5('repeat' || number))) AS copy
    WHERE batch."jobId" = ${job} AND batch."firstEpoch" <= 10000`
  return repeated
}

/** A paused sweep whose trials have all succeeded. */
async function storeSweep({ database, sweeps }: Stores, job: string): Promise<string> {
  const id = newId('sweep')
  const { trials } = sweepLimits
  const definition = sweepDefinition({ ...sweep, parameters: manyValues(4, 10) }, 1)
  const store = sweeps.of(localTenant)
  await store.create({ id, name: null, definition, trials, ...unknownOrigin })
  await store.pause(id)
  await database.$executeRaw`UPDATE "Sweep" SET created = trials WHERE id = ${id}`
  await database.$executeRaw`
    INSERT INTO "Job" SELECT copy.*
    FROM "Job" AS job, generate_series(1, ${trials}::int) AS number,
      jsonb_populate_record(job, jsonb_build_object('id', 'job_' || md5(number::text),
        'status', 'succeeded', 'sweepId', ${id}::text, 'trial', number)) AS copy
    WHERE job.id = ${job}`
  return id
}

/** As many names, versions, aliases and moves as the limits allow. */
async function registerMany({ database }: Stores, model: string): Promise<void> {
  const { names, versions, aliases, moves } = registryLimits
  const tenant = localTenant
  await database.$executeRaw`
    INSERT INTO "RegisteredName" ("tenantId", name, "lastVersion")
    SELECT ${tenant}, 'name' || number, ${versions} FROM generate_series(1, ${names}::int) AS number`
  await database.$executeRaw`
    INSERT INTO "ModelVersion" ("tenantId", name, version)
    SELECT ${tenant}, 'name1', number FROM generate_series(2, ${versions}::int) AS number`
  await database.$executeRaw`
    INSERT INTO "ModelVersion" ("tenantId", name, version, "modelId")
    SELECT ${tenant}, 'name' || number, 1, ${model} FROM generate_series(1, ${names}::int) AS number`
  await database.$executeRaw`
    INSERT INTO "Alias" ("tenantId", name, alias, version, "modelId", "moveId")
    SELECT ${tenant}, 'name' || number, 'alias' || alias, 1, ${model}, 1
    FROM generate_series(1, ${names}::int) AS number, generate_series(1, ${aliases}::int) AS alias`
  await database.$executeRaw`
    INSERT INTO "AliasMove" ("tenantId", name, alias, action, "fromVersion", "toVersion")
    SELECT ${tenant}, 'name1', 'alias1', 'moved', 1, 1 FROM generate_series(1, ${moves}::int)`
}

async function storeRetrained(
  stores: Stores,
  spec: JobSpec,
): Promise<Pick<Things, 'retrainedModel' | 'retrainingJob'>> {
  const form = fromNormalForm({ inputs: 16, trueRows: [1] })
  const earlier = newId('model')
  await stores.models.create({ ...form, id: earlier, name: null, evaluation: null })
  const retraining = { modelId: earlier, registry: null, keyId: null }
  const claim = await startJob(stores, 'worker_b', { spec, retraining })
  const id = newId('model')
  const isStored = await stores.runs.succeed(claim, { ...form, id, name: null, evaluation: null })
  if (!isStored) throw new Error('a running job cannot succeed')
  return { retrainedModel: id, retrainingJob: claim.jobId }
}

const modelForm: CostlyRequest = { name: 'a file of 16 MiB', path: '/models', ...createModelForm(2_048) }

const json = (value: unknown) => JSON.stringify(value)

/** Repeats a text up to the limit of a body. */
function filled(before: string, each: string, after: string): string {
  const free = bodyBytes - before.length - after.length
  return before + `${each},`.repeat(Math.floor((free + 1) / (each.length + 1))).slice(0, -1) + after
}

const dense = (units: number, activation = 'linear') => ({ type: 'dense', units, activation })
const training = { network: { layers: [dense(1)] }, loss: 'meanSquaredError', epochs: 1 }

const sweep = { spec: { ...training, dataset: 'xor' }, metric: 'loss' }

/** Parameters of a sweep, each with so many values. */
const manyValues = (parameters: number, values: number) =>
  upTo(parameters).map((index) => ({ path: `/field${index}`, values: upTo(values) }))

/** The maximum number of layers. */
const deep = {
  layers: upTo(255)
    .map(() => dense(8))
    .concat(dense(1)),
}

function inline(each: string, count: number): string {
  const rows = `${each},`.repeat(count).slice(0, -1)
  return json({ ...training, dataset: 0 }).replace('"dataset":0', `"dataset":{"x":[${rows}],"y":[${rows}]}`)
}

/** Requests of the Open Inference Protocol for a model of the inputs a and b. */
function inferences(model: string): CostlyRequest[] {
  const path = `/v2/models/${model}/infer`
  const column = (name: string, others: object) => ({ name, datatype: 'FP64', shape: [10_000, 1], ...others })
  const columns = (data: unknown[], others = {}) =>
    json({ inputs: ['a', 'b'].map((name) => column(name, { data })), ...others })
  const binary = { parameters: { binary_data_size: 80_000 } }
  const head = json({
    inputs: [column('a', binary), column('b', binary)],
    parameters: { binary_data_output: true },
  })
  const row = '{"name":"a","datatype":"FP64","shape":[1,1],"data":[1]}'
  return [
    { name: 'rows', path, body: columns(upTo(10_000)) },
    { name: 'nested rows', path, body: columns(upTo(10_000).map((row) => [row])) },
    { name: 'wrong elements', path, body: columns(upTo(10_000).map(String)) },
    { name: 'too many elements', path, body: columns(Array(250_000).fill(1)) },
    { name: 'too many nested elements', path, body: columns(Array(120_000).fill([1])) },
    {
      name: 'too many texts',
      path,
      body: filled('{"inputs":[{"name":"a","datatype":"FP64","shape":[10000,1],"data":[', '""', ']}]}'),
    },
    { name: 'too many inputs', path, body: filled('{"inputs":[', row, ']}') },
    { name: 'too many outputs', path, body: filled(`{"inputs":[],"outputs":[`, '{"name":"output"}', ']}') },
    {
      name: 'binary rows',
      path,
      body: Buffer.concat([Buffer.from(head), Buffer.alloc(160_000)]),
      headers: { 'inference-header-content-length': String(head.length) },
    },
    {
      name: 'binary data alone',
      path,
      body: Buffer.alloc(bodyBytes),
      headers: { 'inference-header-content-length': '0' },
    },
  ]
}

const jobBodies: [string, string][] = [
  ['100,000 generated rows of 16 inputs', json({ ...training, dataset: generated })],
  ['100,000 generated rows of noise', json({ dataset: { name: 'spirals', rows: 100_000, noise: 0.1 } })],
  ['two generated datasets', json({ ...training, dataset: generated, validationDataset: generated })],
  ['200,000 inline numbers', inline('1', 200_000)],
  ['120,000 inline rows', inline('[1]', 120_000)],
  ['wide inline rows', inline(`[${'1,'.repeat(50_000)}1]`, 5)],
  ['a text in the last row', inline('1', 200_000).replace(/1\]\}/, '"a"]}')],
  ['rows of wrong types', inline('"a"', 100_000)],
  [
    '256 layers',
    json({
      ...training,
      dataset: 'xor',
      network: deep,
    }),
  ],
  ['unknown fields', filled('{"dataset":"xor","x":[', '{"a":1}', ']}')],
  [
    'names',
    `{${upTo(60_000)
      .map((n) => `"field${n}":1`)
      .join()}}`,
  ],
  [
    'class weights',
    `{"dataset":"xor","classWeight":{${upTo(60_000)
      .map((n) => `"c${n}":1`)
      .join()}}}`,
  ],
  [
    'metadata',
    `{"dataset":"xor","metadata":{${upTo(60_000)
      .map((n) => `"c${n}":"1"`)
      .join()}}}`,
  ],
]

const names = (count: number, value: unknown = 1) =>
  Object.fromEntries(upTo(count).map((index) => [`name${index}`, value]))

const manyNames = json(names(60_000))
const nothing = json({})
const wideCsv = [
  wide.map((index) => `c${index}`).join(),
  ...upTo(40).map((row) => wide.map((index) => (index * row) % 7).join()),
].join('\n')
const csv = 'text/csv'
const events = { accept: 'text/event-stream' }

/** By the name of the route in the application. Cheap routes have a request too. */
export function expensiveRequests(things: Things): Record<string, CostlyRequest[]> {
  const { job, generatedJob, splitJob, model, largeModel, wideDataset } = things
  const { retrainedModel, retrainingJob, largeSweep, repeatedJob } = things
  const get = (path: string, headers: Record<string, string> = {}): CostlyRequest => ({
    name: path,
    path,
    headers,
  })
  const post = (path: string, name: string, body: string, type?: string): CostlyRequest => {
    return { name, path, method: 'POST', body, ...(type === undefined ? {} : { type }) }
  }
  const mcp = (name: string, method: string, params: object): CostlyRequest => ({
    ...post('/mcp', name, json({ jsonrpc: '2.0', id: 1, method, params })),
    headers: { accept: 'application/json, text/event-stream' },
  })
  const remove = (path: string): CostlyRequest => ({ name: path, path, method: 'DELETE' })
  const patch = (path: string, name: string, body: string) => ({ ...post(path, name, body), method: 'PATCH' })
  const put = (path: string, name: string, body: string) => ({ ...post(path, name, body), method: 'PUT' })
  const predict = `/models/${model}/predict`
  const evaluate = `/models/${model}/evaluate`
  const hook = '/webhooks/wh_00000000000000000000000000000000'
  const workshop = `/workshops/wks_${'0'.repeat(32)}`
  const nobody = '/jobs/job_00000000000000000000000000000000'
  return {
    'POST /jobs': [
      ...jobBodies.map(([name, body]) => post('/jobs', name, body)),
      post('/jobs', 'a wide dataset', json({ dataset: wideDataset })),
    ],
    'POST /jobs/validate': [
      ...jobBodies.map(([name, body]) => post('/jobs/validate', name, body)),
      post('/jobs/validate', 'a wide dataset', json({ dataset: wideDataset })),
    ],
    'POST /jobs/batch': [
      post(
        '/jobs/batch',
        '1,000 jobs',
        json({ jobs: upTo(1_000).map(() => ({ dataset: 'xor', ...training })) }),
      ),
      post(
        '/jobs/batch',
        '20 jobs on generated rows',
        json({ jobs: upTo(20).map((seed) => ({ ...training, dataset: { ...generated, seed } })) }),
      ),
      post(
        '/jobs/batch',
        'many layers',
        json({ jobs: upTo(50).map(() => ({ ...training, dataset: 'xor', network: deep })) }),
      ),
      post('/jobs/batch', 'refusals', filled('{"jobs":[', json({ dataset: 'xor', ...names(40) }), ']}')),
      post('/jobs/batch', 'rows', `{"jobs":[${inline('1', 200_000)}]}`),
    ],
    'POST /sweeps': [
      post('/sweeps', 'a grid of 10,000 points', json({ ...sweep, parameters: manyValues(4, 10) })),
      post('/sweeps', 'a grid that is too large', json({ ...sweep, parameters: manyValues(20, 500) })),
      post('/sweeps', 'many values', json({ ...sweep, parameters: manyValues(1, 1_000) })),
    ],
    'GET /sweeps': [get('/sweeps?limit=100')],
    'GET /sweeps/:id': [get(`/sweeps/${largeSweep}`)],
    'GET /sweeps/:id/trials': [get(`/sweeps/${largeSweep}/trials?limit=1000`)],
    'POST /sweeps/:id/pause': [post(`/sweeps/${largeSweep}/pause`, '10,000 trials', nothing)],
    'POST /sweeps/:id/resume': [post(`/sweeps/${largeSweep}/resume`, '10,000 trials', nothing)],
    'POST /sweeps/:id/cancel': [post(`/sweeps/${largeSweep}/cancel`, '10,000 trials', nothing)],
    'DELETE /sweeps/:id': [remove(`/sweeps/${largeSweep}`)],
    'GET /jobs': [get('/jobs?limit=100')],
    'GET /jobs/:id': [get(`/jobs/${job}`)],
    'GET /jobs/:id/rows': [
      get(`/jobs/${generatedJob}/rows?limit=1`),
      get(`/jobs/${generatedJob}/rows?limit=1000&offset=99000`),
      get(`/jobs/${splitJob}/rows?limit=1000&split=validation`),
    ],
    'GET /jobs/:id/rows/worst': [
      get(`/jobs/${retrainingJob}/rows/worst?limit=1000`),
      get(`/jobs/${retrainingJob}/rows/worst?limit=1000&split=training`),
    ],
    'GET /jobs/:id/rows/changed': [
      get(`/jobs/${retrainingJob}/rows/changed?with=${retrainingJob}&limit=1000&split=training`),
    ],
    'GET /jobs/:id/importance': [get(`/jobs/${retrainingJob}/importance?repeats=50`)],
    'GET /jobs/:id/dependence': [get(`/jobs/${retrainingJob}/dependence?column=x1&points=100`)],
    'POST /jobs/:id/test': [post(`/jobs/${retrainingJob}/test`, '50,000 generated rows', nothing)],
    'GET /jobs/:id/repeats': [get(`/jobs/${repeatedJob}/repeats?points=1000`)],
    'GET /jobs/:id/repeats/predictions': [get(`/jobs/${repeatedJob}/repeats/predictions?limit=1000`)],
    'GET /jobs/:id/comparison': [get(`/jobs/${repeatedJob}/comparison?with=${repeatedJob}`)],
    'GET /jobs/:id/epochs': [
      get(`/jobs/${job}/epochs?limit=10000`),
      get(`/jobs/${job}/epochs?points=10000`),
      get(`/jobs/${job}/epochs?limit=10000`, { accept: csv }),
    ],
    'GET /jobs/:id/diagnosis': [get(`/jobs/${job}/diagnosis`), get(`/jobs/${generatedJob}/diagnosis`)],
    'GET /jobs/:id/statistics': [get(`/jobs/${job}/statistics`)],
    'GET /jobs/:id/stream': [get(`/jobs/${job}/stream`, events)],
    'GET /sweeps/:id/stream': [get(`/sweeps/${largeSweep}/stream`, events)],
    'GET /stream': [get(`/stream?jobs=${job},${generatedJob}`, events)],
    'POST /stream-tickets': [post('/stream-tickets', 'names', manyNames)],
    'POST /jobs/:id/stream-tickets': [post(`/jobs/${job}/stream-tickets`, 'names', manyNames)],
    'POST /jobs/:id/share-links': [post(`${nobody}/share-links`, 'names', manyNames)],
    'GET /jobs/:id/share-links': [get(`/jobs/${job}/share-links`)],
    'DELETE /jobs/:id/share-links/:link': [remove(`/jobs/${job}/share-links/${'0'.repeat(100)}`)],
    'POST /jobs/:id/pause': [post(`${nobody}/pause`, 'nothing', nothing)],
    'POST /jobs/:id/resume': [post(`${nobody}/resume`, 'names', manyNames)],
    'POST /jobs/:id/cancel': [post(`${nobody}/cancel`, 'names', manyNames)],
    'POST /jobs/:id/fork': [
      post(`/jobs/${retrainingJob}/fork`, 'rows', json({ epoch: 0, changes: { dataset: generated } })),
      post(
        `/jobs/${retrainingJob}/fork`,
        'a wide dataset',
        json({ epoch: 0, changes: { dataset: wideDataset } }),
      ),
      post(`/jobs/${job}/fork`, 'names', manyNames),
    ],
    'POST /jobs/:id/epochs/:epoch/model': [post(`/jobs/${job}/epochs/1000/model`, 'an epoch', nothing)],
    'POST /jobs/:id/verify': [post(`/jobs/${retrainingJob}/verify`, 'a job', nothing)],
    'GET /jobs/:id/receipt': [get(`/jobs/${retrainingJob}/receipt`)],
    'GET /receipts/key': [get('/receipts/key')],
    'POST /receipts/check': [
      post('/receipts/check', 'names', manyNames),
      post(
        '/receipts/check',
        'a large receipt',
        json({ receipt: names(60_000, '1'), publicKey: 'AA==', signature: 'AA==' }),
      ),
    ],
    'GET /jobs/:id/difference': [get(`/jobs/${job}/difference?with=${job}`)],
    'PATCH /jobs/:id': [
      patch(`/jobs/${job}`, 'names', manyNames),
      patch(`/jobs/${job}`, 'metadata', json({ metadata: names(60_000, '1') })),
      patch(`/jobs/${job}`, 'tags', filled('{"tags":[', '"tag"', ']}')),
    ],
    'DELETE /jobs/:id': [remove(nobody)],
    'DELETE /jobs': [remove('/jobs?before=2020-01-01T00:00:00Z')],
    'GET /jobs/:id/events': [get(`/jobs/${job}/events?limit=100`)],
    'GET /workers': [get('/workers')],
    'POST /models': [
      post('/models', '65,536 rows', json({ construct: { dnf: { inputs: 16, trueRows: upTo(2 ** 16) } } })),
      post('/models', 'a row twice', filled('{"construct":{"dnf":{"inputs":16,"trueRows":[', '1', ']}}}')),
      modelForm,
    ],
    'GET /models': [get('/models?limit=100')],
    'GET /models/:id': [get(`/models/${largeModel}`)],
    'PATCH /models/:id': [
      patch(`/models/${model}`, 'names', manyNames),
      patch(`/models/${model}`, 'metadata', json({ metadata: names(60_000, '1') })),
    ],
    'DELETE /models/:id': [remove('/models/mdl_00000000000000000000000000000000')],
    'GET /models/:id/weights': [get(`/models/${largeModel}/weights`)],
    'GET /models/:id/export': [
      get(`/models/${largeModel}/export?format=safetensors`),
      get(`/models/${largeModel}/export?format=onnx`),
      get(`/models/${model}/export?format=onnx&preprocessing=false`),
    ],
    'POST /models/:id/retrain': [
      post(`/models/${retrainedModel}/retrain`, '100,000 generated rows', json({ dataset: generated })),
      post(`/models/${retrainedModel}/retrain`, 'a wide dataset', json({ dataset: wideDataset })),
      post(`/models/${retrainedModel}/retrain`, 'names', manyNames),
    ],
    'GET /models/:id/comparison': [get(`/models/${retrainedModel}/comparison`)],
    'GET /models/:id/versions': [get(`/models/${model}/versions`)],
    'GET /registry': [get('/registry?limit=100')],
    'GET /registry/:name': [get('/registry/name1')],
    'DELETE /registry/:name': [remove('/registry/name1')],
    'GET /registry/:name/versions': [get('/registry/name1/versions?limit=100&status=candidate')],
    'PUT /registry/:name/versions': [
      put('/registry/name2/versions', 'a large model', json({ modelId: largeModel })),
      put('/registry/name2/versions', 'names', manyNames),
    ],
    'GET /registry/:name/versions/:version': [get('/registry/name1/versions/1')],
    'PATCH /registry/:name/versions/:version': [patch('/registry/name1/versions/2', 'names', manyNames)],
    'GET /registry/:name/aliases/:alias': [get('/registry/name1/aliases/alias1')],
    'PUT /registry/:name/aliases/:alias': [put('/registry/name1/aliases/alias1', 'names', manyNames)],
    'DELETE /registry/:name/aliases/:alias': [remove('/registry/name1/aliases/alias1')],
    'GET /registry/:name/aliases/:alias/history': [get('/registry/name1/aliases/alias1/history?limit=100')],
    'POST /registry/:name/aliases/:alias/rollback': [
      post('/registry/name1/aliases/alias1/rollback', 'nothing', nothing),
    ],
    'GET /v2': [get('/v2')],
    'GET /v2/': [get('/v2/')],
    'GET /v2/health/live': [get('/v2/health/live')],
    'GET /v2/health/ready': [get('/v2/health/ready')],
    'GET /v2/models/:name': [get(`/v2/models/${model}`)],
    'GET /v2/models/:name/ready': [get(`/v2/models/${model}/ready`)],
    'GET /v2/models/:name/versions/:version': [get(`/v2/models/${model}/versions/1`)],
    'GET /v2/models/:name/versions/:version/ready': [get(`/v2/models/${model}/versions/1/ready`)],
    'POST /v2/models/:name/versions/:version/infer': [
      post(`/v2/models/${model}/versions/1/infer`, 'none', '{}'),
    ],
    'POST /v2/models/:name/infer': inferences(model),
    'GET /models/:id/predict': [get(`${predict}?${'x=1,2&'.repeat(2_000)}`)],
    'POST /models/:id/predict': [
      post(predict, 'rows', json({ inputs: upTo(10_000).map((row) => [row, 2]) })),
      post(predict, 'too many rows', filled('{"inputs":[', '[1,2]', ']}')),
      post(predict, 'rows by name', json({ inputs: upTo(10_000).map((row) => ({ a: row, b: 2 })) })),
      post(
        predict,
        'unknown names',
        json({ inputs: upTo(10_000).map((row) => ({ a: row, [`x${row}`]: 2 })) }),
      ),
      post(predict, 'a table', `a,b\n${'1,2\n'.repeat(10_000)}`, csv),
      post(predict, 'short lines', `a,b${','.repeat(400)}\n${'1,2\n'.repeat(10_000)}`, csv),
      post(predict, 'too long a table', `a,b\n${'1,2\n'.repeat(250_000)}`, csv),
      post(predict, 'too wide a table', `${'a,'.repeat(500_000)}b\n1\n`, csv),
      post(
        `/models/${largeModel}/predict`,
        'rows for a large model',
        json({ inputs: upTo(10_000).map(() => Array(16).fill(1)) }),
      ),
    ],
    'POST /models/:id/evaluate': [
      post(evaluate, 'rows', json({ rows: upTo(10_000).map((row) => ({ a: row, b: 2, y: row })) })),
      post(evaluate, 'generated rows', json({ dataset: generated })),
      post(
        evaluate,
        'a column for each row',
        json({ rows: upTo(10_000).map((row) => ({ [`a${row}`]: row })) }),
      ),
      post(evaluate, 'a file', `a,b,y\n${'1,2,3\n'.repeat(150_000)}`, csv),
      post(evaluate, 'a stored dataset', json({ dataset: wideDataset })),
    ],
    'POST /datasets': [post('/datasets', '10,000 columns', wideCsv, csv)],
    'POST /datasets/preview': [post('/datasets/preview', '10,000 columns', wideCsv, csv)],
    'GET /datasets': [get('/datasets?limit=100')],
    'GET /datasets/:id': [get(`/datasets/${wideDataset}`)],
    'GET /datasets/:id/rows': [
      get('/datasets/parity/rows?limit=1000'),
      get(`/datasets/${wideDataset}/rows?limit=1000`),
    ],
    'GET /datasets/:id/rows/:row/image.png': [get(`/datasets/${wideDataset}/rows/1/image.png`)],
    'DELETE /datasets/:id': [remove('/datasets/ds_00000000000000000000000000000000')],
    'POST /webhooks': [post('/webhooks', 'names', manyNames)],
    'POST /webhooks/:id/test': [post(`${hook}/test`, 'a test', '')],
    'POST /webhooks/:id/enable': [post(`${hook}/enable`, 'enabling', '')],
    'POST /webhooks/:id/rotate-secret': [post(`${hook}/rotate-secret`, 'names', manyNames)],
    'POST /webhooks/:id/deliveries/:deliveryId/redeliver': [
      post(`${hook}/deliveries/msg_00000000000000000000000000000000/redeliver`, 'again', ''),
    ],
    'GET /webhooks': [get('/webhooks?limit=100')],
    'GET /webhooks/:id': [get('/webhooks/wh_00000000000000000000000000000000')],
    'DELETE /webhooks/:id': [remove('/webhooks/wh_00000000000000000000000000000000')],
    // The server is open, so there are no workshops.
    'POST /workshops': [post('/workshops', 'a large spec', json({ spec: { name: 'a'.repeat(90_000) } }))],
    'GET /workshops': [get('/workshops')],
    'GET /workshop': [get('/workshop')],
    'GET /workshops/:id': [get(workshop)],
    'GET /workshops/:id/runs.csv': [get(`${workshop}/runs.csv`)],
    'POST /workshops/:id/pause': [post(`${workshop}/pause`, 'all', '')],
    'POST /workshops/:id/resume': [post(`${workshop}/resume`, 'all', '')],
    'POST /workshops/:id/reset': [post(`${workshop}/reset`, 'all', '')],
    'PATCH /workshops/:id': [patch(workshop, 'a large spec', json({ spec: { name: 'a'.repeat(90_000) } }))],
    'DELETE /workshops/:id': [remove(workshop)],
    'POST /workshop/join': [
      post('/workshop/join', 'a wrong code', json({ code: 'ABCDEF', nickname: 'ada' })),
    ],
    'POST /mcp': [
      mcp('the list of tools', 'tools/list', {}),
      mcp('a picture of 20,000 epochs', 'tools/call', { name: 'plot_losses', arguments: { job } }),
      mcp('a large file', 'tools/call', {
        name: 'upload_dataset',
        arguments: { name: 'large', csv: `a,b\n${'1,2\n'.repeat(200_000)}` },
      }),
    ],
    'GET /mcp': [get('/mcp')],
    'GET /admin/tenants': [get('/admin/tenants?limit=100')],
    'GET /admin/tenants/:id': [get('/admin/tenants/local')],
    'PUT /admin/tenants/:id': [put('/admin/tenants/made', 'names', manyNames)],
    'PATCH /admin/tenants/:id/limits': [patch('/admin/tenants/local/limits', 'names', manyNames)],
    'POST /admin/tenants/:id/suspend': [post('/admin/tenants/made/suspend', 'names', manyNames)],
    'POST /admin/tenants/:id/resume': [post('/admin/tenants/made/resume', 'nothing', nothing)],
    'DELETE /admin/tenants/:id': [remove('/admin/tenants/made?confirm=made')],
    'GET /admin/keys': [get('/admin/keys?limit=100')],
    'POST /admin/keys': [post('/admin/keys', 'names', manyNames)],
    'POST /admin/keys/batch': [
      post('/admin/keys/batch', 'keys', json({ keys: upTo(1_000).map((n) => ({ tenantId: `t-${n}` })) })),
      post('/admin/keys/batch', 'names', json({ keys: [names(60_000, '1')] })),
    ],
    'GET /admin/keys/:id': [get('/admin/keys/key_0')],
    'PATCH /admin/keys/:id': [patch('/admin/keys/key_0', 'names', manyNames)],
    'POST /admin/keys/:id/rotate': [post('/admin/keys/key_0/rotate', 'names', manyNames)],
    'POST /admin/keys/:id/revoke': [post('/admin/keys/key_0/revoke', 'nothing', nothing)],
    'DELETE /admin/keys/:id': [remove('/admin/keys/key_0')],
    'GET /admin/audit': [get('/admin/audit?limit=100')],
    'GET /admin/usage': [get('/admin/usage?limit=100'), get('/admin/usage?limit=100&totals=true')],
    'GET /usage': [get('/usage?limit=100'), get('/usage?limit=100&totals=true')],
    'GET /admin/webhooks': [get('/admin/webhooks?limit=100')],
    'POST /admin/webhooks/:id/disable': [post('/admin/webhooks/whk_0/disable', 'names', manyNames)],
    'POST /admin/webhooks/:id/enable': [post('/admin/webhooks/whk_0/enable', 'nothing', nothing)],
    'GET /limits': [get('/limits')],
    'GET /metrics': [get('/metrics')],
    'GET /health/live': [get('/health/live')],
    'GET /health/ready': [get('/health/ready')],
    'GET /problems': [get('/problems')],
    'GET /problems/:code': [get('/problems/invalid-request')],
    'GET /openapi.json': [get('/openapi.json')],
    'GET /asyncapi.json': [get('/asyncapi.json')],
  }
}
