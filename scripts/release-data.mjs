// What a release is filled with before its database is dumped: some of everything that its API can store.
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

/** Long enough to be stopped on the way; its checkpoints hold dropout, momentum and early stopping. */
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

/**
 * Fills the service through its API, and leaves it as a crash would: jobs queued, paused, and one whose worker was killed.
 * @param {{ call: Function, keys: { blue: string, green: string }, root: string, killWorker: () => void }} service
 * @returns the requests to be recorded: `{ tenant, method, path, body, headers }`
 */
export async function fill({ call, keys, root, killWorker }) {
  const blue = (method, path, body, headers) => call(keys.blue, method, path, body, headers)
  const green = (method, path, body, headers) => call(keys.green, method, path, body, headers)
  const file = (path) => readFileSync(join(root, path))
  const ended = async (tenant, { id }) => {
    for (;;) {
      const job = await tenant('GET', `/jobs/${id}`)
      if (job.finishedAt !== null) return job
      await sleep(50)
    }
  }
  const trained = async (request, tenant = blue) => ended(tenant, await tenant('POST', '/jobs', request))
  const underway = async (request) => {
    const job = await blue('POST', '/jobs', request)
    // Behind its first checkpoint.
    while ((await blue('GET', `/jobs/${job.id}`)).epoch < 1_000) await sleep(50)
    return job
  }

  const receiver = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const hookUrl = `http://127.0.0.1:${receiver.address().port}/ends`
  const hook = await blue('POST', '/webhooks', { url: hookUrl, events: ['job.succeeded', 'job.failed'] })
  await blue('POST', '/webhooks', { url: 'http://127.0.0.1:9/nobody-listens' })

  const iris = await blue('POST', '/datasets?target=species&name=iris.csv', file('examples/iris.csv'), {
    'content-type': 'text/csv',
  })
  const mixed = await blue('POST', '/datasets?target=score&name=mixed&missing=age:mean', table, {
    'content-type': 'text/csv',
  })
  const pictures = await blue(
    'POST',
    '/datasets?name=pictures',
    file('test/datasets/reading/files/pictures.zip'),
    { 'content-type': 'application/zip' },
  )

  const first = await trained(xor)
  const onIris = await trained({
    name: 'iris',
    dataset: iris.id,
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
  })
  const further = await trained({
    ...xor,
    name: 'further',
    from: first.modelId,
    epochs: 40,
    optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0.9 },
  })
  const onMixed = await trained({
    name: 'mixed',
    dataset: mixed.id,
    network: { layers: [{ type: 'dense', units: 1, activation: 'linear' }] },
    loss: 'meanSquaredError',
    optimizer: { type: 'rmsprop', learningRate: 0.01 },
    epochs: 25,
    seed: 3,
  })
  const onRows = await trained({
    name: 'inline',
    dataset: { x: [[0], [1], [2], [3]], y: [1, 3, 5, 7] },
    network: { layers: [{ type: 'dense', units: 1, activation: 'linear' }] },
    loss: 'squaredError',
    optimizer: { type: 'sgd', learningRate: 0.05 },
    epochs: 120,
    batchSize: 'full',
    seed: 4,
  })
  const onPictures = await trained({
    name: 'pictures',
    dataset: pictures.id,
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
  })
  const diverged = await trained({
    name: 'diverged',
    dataset: { x: [[1], [2], [3]], y: [1, 2, 3] },
    network: { layers: [{ type: 'dense', units: 1, activation: 'linear' }] },
    loss: 'squaredError',
    optimizer: { type: 'sgd', learningRate: 1_000 },
    epochs: 1_000,
    seed: 6,
  })
  const built = await blue('POST', '/models', {
    name: 'parity',
    construct: { dnf: { inputs: 3, trueRows: [1, 2, 4, 7] } },
  })
  const idempotent = { 'idempotency-key': 'same-request' }
  const repeated = { ...xor, name: 'once', epochs: 20 }
  const onceJob = await ended(blue, await blue('POST', '/jobs', repeated, idempotent))

  const cancelled = await underway({ ...long, name: 'cancelled' })
  await blue('POST', `/jobs/${cancelled.id}/cancel`)
  const resumed = await underway({ ...long, name: 'resumed' })
  await blue('POST', `/jobs/${resumed.id}/pause`)
  await blue('POST', `/jobs/${resumed.id}/resume`, { epochs: 2_500, learningRate: 0.001 })
  await ended(blue, resumed)
  const paused = await underway({ ...long, name: 'paused' })
  await blue('POST', `/jobs/${paused.id}/pause`)
  const greens = await trained({ ...xor, name: 'green', epochs: 50 }, green)
  while (
    (await blue('GET', `/webhooks/${hook.id}`)).deliveries.some(({ deliveredAt }) => deliveredAt === null)
  )
    await sleep(50)

  const running = await underway({ ...long, name: 'running' })
  killWorker()
  const queued = [
    await blue('POST', '/jobs', { ...xor, name: 'queued' }),
    await blue('POST', '/jobs', { ...xor, name: 'urgent', priority: 5, dataset: 'and', epochs: 100 }),
    await blue('POST', '/jobs', { ...xor, name: 'queued from', from: first.modelId }),
    await green('POST', '/jobs', { ...xor, name: 'queued green' }),
  ]
  receiver.close()

  const done = [first, onIris, further, onMixed, onRows, onPictures, onceJob]
  const get = (path, headers) => ({ tenant: 'blue', method: 'GET', path, ...(headers && { headers }) })
  const ask = ({ modelId, id }, inputs) => ({
    tenant: 'blue',
    method: 'POST',
    path: `/models/${modelId ?? id}/predict`,
    body: { inputs },
  })
  return {
    unfinished: [running, ...queued].map(({ id }) => id),
    paused: paused.id,
    requests: [
      ...[...done, diverged, cancelled, resumed, paused].map(({ id }) => get(`/jobs/${id}`)),
      ...['failed', 'cancelled', 'paused'].map((status) => get(`/jobs?status=${status}`)),
      ...[...done, diverged].map(({ id }) => get(`/jobs/${id}/epochs?limit=1000`)),
      ...[cancelled, resumed, paused].map(({ id }) => get(`/jobs/${id}/epochs?points=25`)),
      get(`/jobs/${onRows.id}/epochs?limit=10`, { accept: 'text/csv' }),
      get(`/jobs/${first.id}/stream?after=290`, { accept: 'text/event-stream' }),
      get(`/jobs/${first.id}/stream?after=299&boundary=4`, { accept: 'text/event-stream' }),
      get(`/jobs/${onRows.id}/rows`),
      get(`/jobs/${paused.id}/rows?limit=3`),
      get('/models'),
      ...[...done.map(({ modelId }) => modelId), built.id].map((id) => get(`/models/${id}`)),
      get(`/models/${onIris.modelId}/weights`),
      ask(first, [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
      ask(onIris, [{ sepalLength: 5.1, sepalWidth: 3.5, petalLength: 1.4, petalWidth: 0.2 }]),
      ask(onMixed, [
        { colour: 'red', member: true },
        { age: 40, colour: 'green', member: false },
      ]),
      ask(onRows, [[1.5], [10]]),
      ask(built, [
        [0, 0, 1],
        [1, 1, 0],
      ]),
      get('/datasets'),
      ...[iris, mixed, pictures].flatMap(({ id }) => [
        get(`/datasets/${id}`),
        get(`/datasets/${id}/rows?limit=6`),
      ]),
      get(`/datasets/${pictures.id}/rows/0/image.png`),
      get('/webhooks'),
      get(`/webhooks/${hook.id}`),
      { tenant: 'blue', method: 'POST', path: '/jobs', body: repeated, headers: idempotent },
      { tenant: 'green', method: 'GET', path: `/jobs/${greens.id}` },
      { tenant: 'green', method: 'GET', path: '/models' },
      { tenant: 'green', method: 'GET', path: `/jobs/${first.id}` },
      { tenant: 'green', method: 'GET', path: '/limits' },
    ],
  }
}
