/** The kinds of attack: the routes of each, and what it does to them, many at a time, until it is stopped. */
import { type Ask, json } from '../caller.js'
import { csvOf, type Ground, generated, training } from './ground.js'
import { hangWebhooks, holdStreams } from './silent.js'

export interface Attack {
  /** As the OpenAPI document writes them. */
  routes: readonly string[]
  /** Requests under way at once. */
  lanes: number
  /** Resolves with what is done again and again, and what is undone at the end. */
  prepare(ground: Ground): Promise<{ round(lane: number): Promise<void>; end?(): Promise<void> }>
}

const uploadMegabytes = 16
/** Below MAXIMUM_BODY_BYTES, whose default is 1 MiB. */
const bodyBytes = 1_000_000
const crowded = 16

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

const idIn = (text: string) => /"id":"([^"]+)"/.exec(text)?.[1]

/** Repeats the requests in turn; answers go unread. */
const repeated =
  (asks: (ground: Ground) => Ask[]): Attack['prepare'] =>
  async (ground) => {
    const list = asks(ground)
    let next = 0
    return {
      round: async () => {
        await ground.caller.send(list[next++ % list.length], false)
      },
    }
  }

/** Sends a request that makes something, then one that takes it away. */
const madeAndUnmade =
  (make: () => Ask, unmake: (id: string) => Ask): Attack['prepare'] =>
  async ({ caller }) => {
    const ask = make()
    return {
      round: async () => {
        const { status, text } = await caller.send(ask)
        const id = idIn(text)
        if (status < 300 && id !== undefined) await caller.send(unmake(id), false)
      },
    }
  }

const get = (path: string): Ask => ({ method: 'GET', path })
const post = (path: string, body?: object): Ask => ({
  method: 'POST',
  path,
  ...(body !== undefined && { body: json(body) }),
})
const remove = (path: string): Ask => ({ method: 'DELETE', path })

const fileOf = (path: string) => (): Ask => ({
  method: 'POST',
  path,
  type: 'text/csv',
  body: csvOf(uploadMegabytes),
})

/** Some seconds of one thread each, on as many as there are, before all others. */
const greedy = training([256, 256], {
  dataset: { name: 'spirals', rows: 2_000 },
  epochs: 50,
  batchSize: 32,
  threads: 64,
  priority: 100,
})

async function cancelAll({ caller }: Ground): Promise<void> {
  for (const status of ['running', 'queued']) {
    for (;;) {
      const { text } = await caller.send(get(`/jobs?status=${status}&limit=100`))
      const ids = [...text.matchAll(/"id":"(job_[0-9a-f]+)"/g)].map(([, id]) => id)
      if (ids.length === 0) break
      await Promise.all(ids.map((id) => caller.send(post(`/jobs/${id}/cancel`), false)))
    }
  }
}

export const attacks: Readonly<Record<string, Attack>> = {
  uploads: {
    routes: ['POST /datasets', 'DELETE /datasets/{id}'],
    lanes: crowded,
    prepare: madeAndUnmade(fileOf('/datasets'), (id) => remove(`/datasets/${id}`)),
  },
  previews: {
    routes: ['POST /datasets/preview'],
    lanes: crowded,
    prepare: repeated(() => [fileOf('/datasets/preview')()]),
  },
  'inline jobs': {
    routes: ['POST /jobs', 'POST /jobs/{id}/cancel', 'DELETE /jobs/{id}'],
    lanes: crowded,
    prepare: madeAndUnmade(
      () => post('/jobs', training([4], { dataset: inlineRows() })),
      (id) => post(`/jobs/${id}/cancel`),
    ),
  },
  validate: {
    routes: ['POST /jobs/validate', 'POST /models', 'DELETE /models/{id}'],
    lanes: crowded,
    prepare: repeated(() => [
      post('/jobs/validate', training([4], { dataset: inlineRows() })),
      post('/jobs/validate', training([4], { dataset: generated, validationSplit: 0.2 })),
      post('/jobs/validate', { dataset: generated }),
      post('/models', { construct: { dnf: { inputs: 16, trueRows: [...Array(20_000).keys()] } } }),
    ]),
  },
  rows: {
    routes: ['GET /jobs/{id}/rows', 'GET /datasets/{id}/rows', 'GET /datasets/{id}/rows/{row}/image.png'],
    lanes: 2 * crowded,
    prepare: repeated(({ rowsJobId, datasetId }) => [
      get(`/jobs/${rowsJobId}/rows?limit=1000&offset=90000`),
      get(`/jobs/${rowsJobId}/rows?limit=1000&offset=10000&split=validation`),
      get(`/datasets/${datasetId}/rows?limit=1000&offset=10000`),
      get('/datasets/digits/rows/1796/image.png'),
    ]),
  },
  predictions: {
    routes: ['GET /models/{id}/predict', 'POST /models/{id}/predict'],
    lanes: crowded,
    prepare: repeated(({ modelId }) => [
      post(`/models/${modelId}/predict`, { inputs: Array.from({ length: 10_000 }, (_, n) => [n % 7, 1]) }),
    ]),
  },
  evaluations: {
    routes: ['POST /models/{id}/evaluate'],
    lanes: crowded,
    prepare: repeated(({ modelId }) => [post(`/models/${modelId}/evaluate`, { dataset: generated })]),
  },
  reads: {
    routes: [
      'GET /jobs',
      'GET /jobs/{id}',
      'GET /jobs/{id}/epochs',
      'GET /jobs/{id}/events',
      'DELETE /jobs',
      'GET /models',
      'GET /models/{id}',
      'PATCH /models/{id}',
      'GET /models/{id}/weights',
      'GET /datasets',
      'GET /datasets/{id}',
      'GET /webhooks',
      'GET /limits',
      'GET /metrics',
      'GET /workers',
      'GET /problems',
      'GET /problems/{code}',
      'GET /health/live',
      'GET /health/ready',
      'POST /stream-tickets',
      'POST /jobs/{id}/stream-tickets',
    ],
    lanes: 2 * crowded,
    prepare: repeated(({ modelId, datasetId, longJobId }) => [
      get('/jobs?limit=100'),
      get(`/jobs/${longJobId}`),
      get(`/jobs/${longJobId}/epochs?limit=10000`),
      get(`/jobs/${longJobId}/events`),
      remove('/jobs?before=2000-01-01T00:00:00Z'),
      get('/models?limit=100'),
      get(`/models/${modelId}`),
      { method: 'PATCH', path: `/models/${modelId}`, body: json({ name: 'large' }) },
      get(`/models/${modelId}/weights`),
      get('/datasets?limit=100'),
      get(`/datasets/${datasetId}`),
      get('/webhooks?limit=100'),
      get('/limits'),
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
  streams: {
    routes: ['GET /jobs/{id}/stream', 'GET /stream'],
    lanes: 1,
    prepare: holdStreams,
  },
  webhooks: {
    routes: [
      'POST /webhooks',
      'GET /webhooks/{id}',
      'POST /webhooks/{id}/test',
      'POST /webhooks/{id}/rotate-secret',
      'POST /webhooks/{id}/enable',
      'POST /webhooks/{id}/deliveries/{deliveryId}/redeliver',
      'DELETE /webhooks/{id}',
    ],
    lanes: 4,
    prepare: hangWebhooks,
  },
  floods: {
    routes: ['POST /jobs/batch', 'POST /jobs/{id}/pause', 'POST /jobs/{id}/resume'],
    lanes: 2,
    prepare: async (ground) => {
      const batch = post('/jobs/batch', { jobs: Array.from({ length: 500 }, () => greedy) })
      return {
        round: async () => {
          const { text } = await ground.caller.send(batch)
          const ids = [...text.slice(0, 20_000).matchAll(/"id":"(job_[0-9a-f]+)"/g)].map(([, id]) => id)
          for (const id of ids) {
            await ground.caller.send(post(`/jobs/${id}/pause`), false)
            await ground.caller.send(post(`/jobs/${id}/resume`), false)
          }
        },
        end: () => cancelAll(ground),
      }
    },
  },
}
