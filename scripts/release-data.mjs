// Fills a release with examples of everything that its API can store, before its database is dumped.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const xor = {
  name: 'xor',
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 300,
  seed: 1,
  metadata: { course: 'lecture 3' },
}

/** Long enough to be interrupted; its checkpoints contain batch statistics, optimizer state and early stopping. */
const long = {
  dataset: { name: 'spirals', rows: 400, noise: 0.1, seed: 3 },
  network: {
    layers: [
      { type: 'dense', units: 24, activation: 'tanh' },
      { type: 'dropout', rate: 0.1 },
      { type: 'batchNormalization' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.003 },
  epochs: 8_000,
  batchSize: 16,
  validationSplit: 0.2,
  earlyStopping: { monitor: 'valLoss', patience: 1_000_000, restoreBest: true },
  seed: 11,
}

const table = `age,colour,member,score
31,red,true,1.5
,green,false,2.25
44,red,true,0.5
52,"pale, blue",false,3.125
27,green,true,2
38,red,,1.75
`

const on = (dataset, name, units, more) => ({
  name,
  dataset,
  network: { layers: [{ type: 'dense', units, activation: 'linear' }] },
  loss: 'squaredError',
  ...more,
})

/** A client of the API for one tenant. */
function createClient(call, key) {
  const send = (method, path, body, headers) => call(key, method, path, body, headers)
  async function ended({ id }) {
    for (;;) {
      const job = await send('GET', `/jobs/${id}`)
      if (job.finishedAt !== null) return job
      await sleep(50)
    }
  }
  return {
    get: (path) => send('GET', path),
    post: (path, body, headers) => send('POST', path, body, headers),
    ended,
    trained: async (request) => ended(await send('POST', '/jobs', request)),
    /** Submits a job and waits until after its first checkpoint. */
    async underway(request) {
      const job = await send('POST', '/jobs', request)
      while ((await send('GET', `/jobs/${job.id}`)).epoch < 1_000) await sleep(50)
      return job
    },
  }
}

async function upload({ post }, root) {
  const file = (path) => readFileSync(join(root, path))
  const csv = { 'content-type': 'text/csv' }
  return {
    iris: await post('/datasets?target=species&name=iris.csv', file('examples/iris.csv'), csv),
    mixed: await post('/datasets?target=score&name=mixed&missing=age:mean', table, csv),
    pictures: await post('/datasets?name=pictures', file('test/datasets/reading/files/pictures.zip'), {
      'content-type': 'application/zip',
    }),
  }
}

/** Runs jobs that succeed, on different data. */
async function trainAll({ post, trained, ended }, { iris, mixed, pictures }) {
  const first = await trained(xor)
  const ofIris = {
    network: {
      layers: [
        { type: 'dense', units: 8, activation: 'relu' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs: 60,
    validationSplit: 0.2,
    earlyStopping: { monitor: 'valLoss', patience: 10, restoreBest: true },
    seed: 2,
  }
  const ofPictures = {
    network: {
      layers: [
        { type: 'conv2d', filters: 2, kernelSize: 2, activation: 'relu' },
        { type: 'globalAveragePooling2d' },
        { type: 'dense', units: pictures.classes.length, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs: 15,
    seed: 5,
  }
  const momentum = { type: 'sgd', learningRate: 0.1, momentum: 0.9 }
  const rmsprop = { loss: 'meanSquaredError', optimizer: { type: 'rmsprop', learningRate: 0.01 } }
  const rows = { x: [[0], [1], [2], [3]], y: [1, 3, 5, 7] }
  const sgd = { optimizer: { type: 'sgd', learningRate: 0.05 }, batchSize: 'full' }
  return {
    first,
    onIris: await trained(on(iris.id, 'iris', 3, ofIris)),
    further: await trained({ ...xor, name: 'further', from: first.modelId, epochs: 40, optimizer: momentum }),
    onMixed: await trained(on(mixed.id, 'mixed', 1, { ...rmsprop, epochs: 25, seed: 3 })),
    onRows: await trained(on(rows, 'inline', 1, { ...sgd, epochs: 120, seed: 4 })),
    onPictures: await trained(on(pictures.id, 'pictures', 2, ofPictures)),
    once: await ended(await post('/jobs', repeated, idempotent)),
  }
}

const repeated = { ...xor, name: 'once', epochs: 20 }
const idempotent = { 'idempotency-key': 'same-request' }

/** Runs jobs that diverge, are cancelled, or are paused. */
async function steer({ post, trained, ended, underway }) {
  const steep = { optimizer: { type: 'sgd', learningRate: 1_000 }, epochs: 1_000, seed: 6 }
  const diverged = await trained(on({ x: [[1], [2], [3]], y: [1, 2, 3] }, 'diverged', 1, steep))
  const cancelled = await underway({ ...long, name: 'cancelled' })
  await post(`/jobs/${cancelled.id}/cancel`)
  const resumed = await underway({ ...long, name: 'resumed' })
  await post(`/jobs/${resumed.id}/pause`)
  await post(`/jobs/${resumed.id}/resume`, { epochs: 2_500, learningRate: 0.001 })
  await ended(resumed)
  const paused = await underway({ ...long, name: 'paused' })
  await post(`/jobs/${paused.id}/pause`)
  return { diverged, cancelled, resumed, paused }
}

/**
 * Fills the service through its API and leaves it in the state of a crash: queued and paused jobs, and a killed worker.
 * @param {{ call: Function, keys: { blue: string, green: string }, root: string, killWorker: () => void }} service
 * @returns the requests to record: `{ tenant, method, path, body, headers }`
 */
export async function fill({ call, keys, root, killWorker }) {
  const blue = createClient(call, keys.blue)
  const green = createClient(call, keys.green)
  const receiver = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const url = `http://127.0.0.1:${receiver.address().port}/ends`
  const hook = await blue.post('/webhooks', { url, events: ['job.succeeded', 'job.failed'] })
  await blue.post('/webhooks', { url: 'http://127.0.0.1:9/nobody-listens' })

  const datasets = await upload(blue, root)
  const done = await trainAll(blue, datasets)
  const steered = await steer(blue)
  const construct = { dnf: { inputs: 3, trueRows: [1, 2, 4, 7] } }
  const built = await blue.post('/models', { name: 'parity', construct })
  const greens = await green.trained({ ...xor, name: 'green', epochs: 50 })
  const isSent = async () => {
    const { deliveries } = await blue.get(`/webhooks/${hook.id}`)
    return deliveries.every(({ deliveredAt }) => deliveredAt !== null)
  }
  while (!(await isSent())) await sleep(50)

  const unfinished = [await blue.underway({ ...long, name: 'running' })]
  killWorker()
  unfinished.push(
    await blue.post('/jobs', { ...xor, name: 'queued' }),
    await blue.post('/jobs', { ...xor, name: 'urgent', priority: 5, dataset: 'and', epochs: 100 }),
    await blue.post('/jobs', { ...xor, name: 'queued from', from: done.first.modelId }),
    await green.post('/jobs', { ...xor, name: 'queued green' }),
  )
  receiver.close()
  return {
    unfinished: unfinished.map(({ id }) => id),
    paused: steered.paused.id,
    requests: [
      ...aboutJobs(done, steered),
      ...aboutModels(done, built),
      ...aboutDatasets(datasets),
      get('/webhooks'),
      get(`/webhooks/${hook.id}`),
      { tenant: 'blue', method: 'POST', path: '/jobs', body: repeated, headers: idempotent },
      ...[`/jobs/${greens.id}`, '/models', `/jobs/${done.first.id}`, '/limits'].map((path) => ({
        tenant: 'green',
        method: 'GET',
        path,
      })),
    ],
  }
}

const get = (path, headers) => ({ tenant: 'blue', method: 'GET', path, ...(headers && { headers }) })

function aboutJobs(done, { diverged, cancelled, resumed, paused }) {
  const { first, onRows } = done
  const whole = [...Object.values(done), diverged]
  const stream = { accept: 'text/event-stream' }
  return [
    ...[...whole, cancelled, resumed, paused].map(({ id }) => get(`/jobs/${id}`)),
    ...['failed', 'cancelled', 'paused'].map((status) => get(`/jobs?status=${status}`)),
    ...whole.map(({ id }) => get(`/jobs/${id}/epochs?limit=1000`)),
    ...[cancelled, resumed, paused].map(({ id }) => get(`/jobs/${id}/epochs?points=25`)),
    get(`/jobs/${onRows.id}/epochs?limit=10`, { accept: 'text/csv' }),
    get(`/jobs/${first.id}/stream?after=290`, stream),
    get(`/jobs/${first.id}/stream?after=299&boundary=4`, stream),
    get(`/jobs/${onRows.id}/rows`),
    get(`/jobs/${paused.id}/rows?limit=3`),
  ]
}

function aboutModels(done, built) {
  const { first, onIris, onMixed, onRows } = done
  const predict = (id, inputs) => ({
    tenant: 'blue',
    method: 'POST',
    path: `/models/${id}/predict`,
    body: { inputs },
  })
  const flower = { sepalLength: 5.1, sepalWidth: 3.5, petalLength: 1.4, petalWidth: 0.2 }
  const corners = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]
  return [
    get('/models'),
    ...[...Object.values(done).map(({ modelId }) => modelId), built.id].map((id) => get(`/models/${id}`)),
    get(`/models/${onIris.modelId}/weights`),
    predict(first.modelId, corners),
    predict(onIris.modelId, [flower]),
    predict(onMixed.modelId, [
      { colour: 'red', member: true },
      { age: 40, colour: 'green', member: false },
    ]),
    predict(onRows.modelId, [[1.5], [10]]),
    predict(built.id, [
      [0, 0, 1],
      [1, 1, 0],
    ]),
  ]
}

function aboutDatasets(datasets) {
  return [
    get('/datasets'),
    ...Object.values(datasets).flatMap(({ id }) => [
      get(`/datasets/${id}`),
      get(`/datasets/${id}/rows?limit=6`),
    ]),
    get(`/datasets/${datasets.pictures.id}/rows/0/image.png`),
  ]
}
