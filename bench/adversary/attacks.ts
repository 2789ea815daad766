/** The kinds of attack, with their routes and concurrent requests, until they are stopped. */
import { type HttpRequest, json } from '../http-client.js'
import { adminAttack } from './admin-attack.js'
import {
  type Attack,
  cancelAll,
  createAndDelete,
  get,
  idIn,
  lanesPerAttack,
  post,
  remove,
  repeated,
} from './attack.js'
import { bodyAttack } from './body-attack.js'
import { connectionAttacks } from './connection-attacks.js'
import { createCsv, generated, training } from './fixtures.js'
import { mcpAttack } from './mcp-attack.js'
import { modelAttacks } from './model-attacks.js'
import { tableAttacks } from './table-attacks.js'
import { webhookAttacks } from './webhook-attacks.js'

const uploadMegabytes = 16
/** Below MAXIMUM_BODY_BYTES, whose default is 1 MiB. */
const bodyBytes = 1_000_000

const inlineRows = () => {
  const x: number[][] = []
  const y: number[] = []
  // A row of `[0,0],0,` and its numbers takes 8 bytes.
  for (let row = 0; 8 * row < bodyBytes - 1_000; row++) {
    x.push([row % 2, row % 3 === 0 ? 1 : 0])
    y.push(row % 2)
  }
  return { x, y }
}

const createUpload = (path: string) => (): HttpRequest => ({
  method: 'POST',
  path,
  type: 'text/csv',
  body: createCsv(uploadMegabytes),
})

/** Jobs of some seconds with all threads and the highest priority. */
const greedyJob = training([256, 256], {
  dataset: { name: 'spirals', rows: 2_000 },
  epochs: 50,
  batchSize: 32,
  threads: 64,
  priority: 100,
})

export const attacks: Readonly<Record<string, Attack>> = {
  ...modelAttacks,
  ...tableAttacks,
  ...connectionAttacks,
  ...webhookAttacks,
  administration: adminAttack,
  bodies: bodyAttack,
  mcp: mcpAttack,
  uploads: {
    routes: ['POST /datasets', 'DELETE /datasets/{id}'],
    lanes: lanesPerAttack,
    prepare: createAndDelete(createUpload('/datasets'), (id) => remove(`/datasets/${id}`)),
  },
  previews: {
    routes: ['POST /datasets/preview'],
    lanes: lanesPerAttack,
    prepare: repeated(() => [createUpload('/datasets/preview')()]),
  },
  'inline jobs': {
    routes: ['POST /jobs', 'POST /jobs/{id}/cancel', 'DELETE /jobs/{id}'],
    lanes: lanesPerAttack,
    prepare: createAndDelete(
      () => post('/jobs', training([4], { dataset: inlineRows() })),
      (id) => post(`/jobs/${id}/cancel`),
    ),
  },
  validate: {
    routes: ['POST /jobs/validate', 'POST /models', 'DELETE /models/{id}'],
    lanes: lanesPerAttack,
    prepare: repeated(() => [
      post('/jobs/validate', training([4], { dataset: inlineRows() })),
      post('/jobs/validate', training([4], { dataset: generated, validationSplit: 0.2 })),
      post('/jobs/validate', { dataset: generated }),
      post('/models', { construct: { dnf: { inputs: 16, trueRows: [...Array(20_000).keys()] } } }),
    ]),
  },
  rows: {
    routes: [
      'GET /jobs/{id}/rows',
      'GET /jobs/{id}/rows/worst',
      'GET /jobs/{id}/rows/changed',
      'GET /datasets/{id}/rows',
      'GET /datasets/{id}/rows/{row}/image.png',
    ],
    lanes: 2 * lanesPerAttack,
    prepare: repeated(({ rowsJobId, datasetId }) => [
      get(`/jobs/${rowsJobId}/rows?limit=1000&offset=90000`),
      get(`/jobs/${rowsJobId}/rows?limit=1000&offset=10000&split=validation`),
      get(`/jobs/${rowsJobId}/rows/worst?limit=1000&split=training`),
      get(`/jobs/${rowsJobId}/rows/changed?with=${rowsJobId}&limit=1000&split=training`),
      get(`/datasets/${datasetId}/rows?limit=1000&offset=10000`),
      get('/datasets/digits/rows/1796/image.png'),
    ]),
  },
  predictions: {
    routes: ['GET /models/{id}/predict', 'POST /models/{id}/predict'],
    lanes: lanesPerAttack,
    prepare: repeated(({ modelId }) => [
      post(`/models/${modelId}/predict`, { inputs: Array.from({ length: 10_000 }, (_, n) => [n % 7, 1]) }),
    ]),
  },
  evaluations: {
    routes: [
      'POST /models/{id}/evaluate',
      'POST /jobs/{id}/test',
      'GET /jobs/{id}/repeats/predictions',
      'GET /jobs/{id}/importance',
      'GET /jobs/{id}/dependence',
    ],
    lanes: lanesPerAttack,
    prepare: repeated(({ modelId, rowsJobId }) => [
      post(`/models/${modelId}/evaluate`, { dataset: generated }),
      post(`/jobs/${rowsJobId}/test`),
      get(`/jobs/${rowsJobId}/repeats/predictions?limit=1000`),
      get(`/jobs/${rowsJobId}/importance?repeats=50`),
      get(`/jobs/${rowsJobId}/dependence?column=x1&points=100`),
    ]),
  },
  replays: {
    routes: [
      'POST /jobs/{id}/fork',
      'POST /jobs/{id}/verify',
      'POST /jobs/{id}/epochs/{epoch}/model',
      'GET /jobs/{id}/difference',
      'GET /jobs/{id}/receipt',
      'GET /receipts/key',
      'POST /receipts/check',
    ],
    lanes: lanesPerAttack,
    prepare: repeated(({ rowsJobId }) => [
      post(`/jobs/${rowsJobId}/fork`, { epoch: 1, changes: { epochs: 1_000 } }),
      post(`/jobs/${rowsJobId}/verify`),
      post(`/jobs/${rowsJobId}/epochs/1/model`),
      get(`/jobs/${rowsJobId}/difference?with=${rowsJobId}`),
      get(`/jobs/${rowsJobId}/receipt`),
      get('/receipts/key'),
      post('/receipts/check', { receipt: { job: rowsJobId }, publicKey: 'AA==', signature: 'AA==' }),
    ]),
  },
  reads: {
    routes: [
      'GET /jobs',
      'GET /jobs/{id}',
      'GET /jobs/{id}/epochs',
      'GET /jobs/{id}/repeats',
      'GET /jobs/{id}/comparison',
      'GET /jobs/{id}/diagnosis',
      'GET /jobs/{id}/statistics',
      'GET /jobs/{id}/events',
      'DELETE /jobs',
      'GET /models',
      'GET /models/{id}',
      'PATCH /models/{id}',
      'PATCH /jobs/{id}',
      'GET /models/{id}/weights',
      'GET /datasets',
      'GET /datasets/{id}',
      'GET /webhooks',
      'GET /limits',
      'GET /usage',
      'GET /metrics',
      'GET /workers',
      'GET /problems',
      'GET /problems/{code}',
      'GET /health/live',
      'GET /health/ready',
      'POST /stream-tickets',
      'POST /jobs/{id}/stream-tickets',
    ],
    lanes: 2 * lanesPerAttack,
    prepare: repeated(({ modelId, datasetId, longJobId }) => [
      get('/jobs?limit=100'),
      get(`/jobs/${longJobId}`),
      get(`/jobs/${longJobId}/epochs?limit=10000`),
      get(`/jobs/${longJobId}/repeats?points=1000`),
      get(`/jobs/${longJobId}/comparison?with=${longJobId}`),
      get(`/jobs/${longJobId}/diagnosis`),
      get(`/jobs/${longJobId}/statistics`),
      get(`/jobs/${longJobId}/events`),
      remove('/jobs?before=2000-01-01T00:00:00Z'),
      get('/models?limit=100'),
      get(`/models/${modelId}`),
      { method: 'PATCH', path: `/models/${modelId}`, body: json({ name: 'large' }) },
      { method: 'PATCH', path: `/jobs/${longJobId}`, body: json({ name: 'long' }) },
      get(`/models/${modelId}/weights`),
      get('/datasets?limit=100'),
      get(`/datasets/${datasetId}`),
      get('/webhooks?limit=100'),
      get('/limits'),
      get('/usage?from=2026-01-01&to=2026-12-31'),
      get('/metrics'),
      get('/workers'),
      get('/problems'),
      get('/problems/overloaded'),
      get('/health/live'),
      get('/health/ready'),
      post('/stream-tickets'),
      post(`/jobs/${longJobId}/stream-tickets`),
    ]),
  },
  shareLinks: {
    routes: [
      'POST /jobs/{id}/share-links',
      'GET /jobs/{id}/share-links',
      'DELETE /jobs/{id}/share-links/{link}',
    ],
    lanes: lanesPerAttack,
    prepare: async (fixtures) => ({
      round: async () => {
        const send = fixtures.client.send.bind(fixtures.client)
        const links = `/jobs/${fixtures.longJobId}/share-links`
        const { text } = await send(post(links), false)
        await send(get(links), false)
        await send(remove(`${links}/${/shl_[0-9a-f]+/.exec(text)?.[0] ?? 'none'}`), false)
      },
    }),
  },
  floods: {
    routes: ['POST /jobs/batch', 'POST /jobs/{id}/pause', 'POST /jobs/{id}/resume'],
    lanes: 2,
    prepare: async (fixtures) => {
      const batch = post('/jobs/batch', { jobs: Array.from({ length: 500 }, () => greedyJob) })
      return {
        round: async () => {
          const { text } = await fixtures.client.send(batch)
          const ids = [...text.slice(0, 20_000).matchAll(/"id":"(job_[0-9a-f]+)"/g)].map(([, id]) => id)
          for (const id of ids) {
            await fixtures.client.send(post(`/jobs/${id}/pause`), false)
            await fixtures.client.send(post(`/jobs/${id}/resume`), false)
          }
        },
        end: () => cancelAll(fixtures),
      }
    },
  },
  workshops: {
    routes: [
      'POST /workshops',
      'GET /workshops',
      'GET /workshops/{id}',
      'PATCH /workshops/{id}',
      'POST /workshops/{id}/pause',
      'POST /workshops/{id}/resume',
      'POST /workshops/{id}/reset',
      'GET /workshops/{id}/runs.csv',
      'DELETE /workshops/{id}',
      'POST /workshop/join',
      'GET /workshop',
    ],
    lanes: 2,
    prepare: async (fixtures) => ({
      round: async () => {
        const send = fixtures.client.send.bind(fixtures.client)
        const { text } = await send(post('/workshops', { name: 'loud' }))
        const id = idIn(text)
        const code = /"code":"([A-Z]+)"/.exec(text)?.[1]
        for (const nickname of ['ada', 'emmy', 'sofia', 'ida', 'mary']) {
          await send(post('/workshop/join', { code, nickname }), false)
        }
        await send(get('/workshops'), false)
        await send(get('/workshop'), false)
        await send(get(`/workshops/${id}`), false)
        await send({ method: 'PATCH', path: `/workshops/${id}`, body: json({ name: 'louder' }) }, false)
        for (const verb of ['pause', 'resume', 'reset']) await send(post(`/workshops/${id}/${verb}`), false)
        await send(get(`/workshops/${id}/runs.csv`), false)
        await send(remove(`/workshops/${id}`), false)
      },
    }),
  },
  sweeps: {
    routes: [
      'POST /sweeps',
      'GET /sweeps',
      'GET /sweeps/{id}',
      'GET /sweeps/{id}/trials',
      'POST /sweeps/{id}/pause',
      'POST /sweeps/{id}/resume',
      'POST /sweeps/{id}/cancel',
      'DELETE /sweeps/{id}',
    ],
    lanes: 2,
    prepare: async (fixtures) => {
      const { seed: _, ...spec } = greedyJob
      const parameters = [{ path: '/seed', min: 1, max: 1_000_000, integer: true }]
      const request = { spec, parameters, metric: 'loss', search: { type: 'random', points: 10_000 } }
      // Each trial has another large dataset, which a thread generates when the trial is planned.
      const ofData = {
        ...request,
        spec: { ...spec, dataset: generated, epochs: 1 },
        parameters: [{ path: '/dataset/seed', min: 1, max: 1_000_000, integer: true }],
        parallelism: 1_000,
      }
      return {
        round: async (lane) => {
          const { text } = await fixtures.client.send(post('/sweeps', lane === 0 ? request : ofData))
          const id = /"id":"(swp_[0-9a-f]+)"/.exec(text)?.[1]
          if (id === undefined) return
          for (const path of ['', '?limit=100', `/${id}`, `/${id}/trials?limit=1000`]) {
            await fixtures.client.send(get(`/sweeps${path}`), false)
          }
          for (const change of ['pause', 'resume', 'cancel']) {
            await fixtures.client.send(post(`/sweeps/${id}/${change}`), false)
          }
          await fixtures.client.send({ method: 'DELETE', path: `/sweeps/${id}` }, false)
        },
        end: () => cancelAll(fixtures),
      }
    },
  },
}
