/**
 * Clients change the same jobs, sweeps and models at once while a worker trains them. Each pair of statements must lock
 * its rows in the same order: PostgreSQL ends a deadlock by an error, which a client would see as a 503.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { freshDatabase } from '../support/postgres.js'
import { type Service, startService } from '../support/service.js'

const clients = 24
const seconds = Number(process.env.CONCURRENT_SECONDS ?? 8)

let service: Service
let database: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  database = await freshDatabase()
  service = await startService({
    DATABASE_URL: database.connectionString,
    MAXIMUM_REQUESTS_PER_MINUTE: '1000000',
  })
}, 60_000)

afterAll(async () => {
  await service?.stop()
  await database?.drop()
}, 30_000)

const job = (epochs: number) => ({
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 2, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'sgd', learningRate: 0.1 },
  epochs,
})

const sweep = {
  spec: job(20),
  parameters: [{ path: '/optimizer/learningRate', values: [0.1, 0.2, 0.3, 0.4] }],
  search: { type: 'grid' },
  metric: 'loss',
}

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) })

it('requests at once meet no deadlock and no fault', async () => {
  const faults: string[] = []
  const counts = new Map<string, number>()
  let known: Record<'jobs' | 'sweeps' | 'models', string[]> = { jobs: [], sweeps: [], models: [] }

  async function send(method: string, path: string, body?: object) {
    const response = await fetch(`${service.url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const what = `${method} ${path.replace(/_[0-9a-f]{32}/, '').replace(/\?.*/, '')} ${response.status}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
    // A full queue of the database says so.
    if (response.status >= 500 && !text.includes('"code":"overloaded"')) faults.push(`${what} ${text}`)
    return text
  }

  async function refresh() {
    const ids = async (path: string) =>
      listSchema.parse(JSON.parse(await send('GET', path))).data.map(({ id }) => id)
    known = {
      jobs: [
        ...(await ids('/jobs?limit=4')),
        ...(await ids('/jobs?status=queued&limit=4')),
        ...(await ids('/jobs?status=running&limit=4')),
      ],
      sweeps: await ids('/sweeps?limit=3'),
      models: await ids('/models?limit=6'),
    }
  }

  // Timing decides what meets what, so a seed would not repeat a run.
  const below = (limit: number) => Math.floor(Math.random() * limit)

  async function client(end: number) {
    const pick = (ids: string[]) => ids[below(ids.length)]
    while (Date.now() < end) {
      const [one, other, model] = [pick(known.jobs), pick(known.sweeps), pick(known.models)]
      const actions: (readonly [string, string, object?])[] = [
        ['POST', '/jobs', job(below(2) === 0 ? 5 : 300_000)],
        ['POST', '/jobs/batch', { jobs: [job(3), job(200_000), job(3)] }],
        ['POST', '/jobs', { ...job(5), repeats: 3 }],
        ['POST', '/sweeps', sweep],
        ['DELETE', `/jobs?status=cancelled&before=${new Date().toISOString()}`],
      ]
      for (const verb of ['pause', 'resume', 'cancel', 'pause', 'resume'])
        actions.push(['POST', `/jobs/${one}/${verb}`])
      for (const verb of ['pause', 'resume', 'cancel']) actions.push(['POST', `/sweeps/${other}/${verb}`])
      actions.push(
        ['PATCH', `/jobs/${one}`, { tags: [`t${below(9)}`] }],
        ['PATCH', `/jobs/${one}`, { learningRate: 0.2 }],
      )
      actions.push(
        ['POST', `/jobs/${one}/fork`, { epoch: 1 }],
        ['DELETE', `/jobs/${one}`],
        ['DELETE', `/models/${model}`],
      )
      const [method, path, body] = actions[below(actions.length)]
      await send(method, path, body)
    }
  }

  await send('POST', '/sweeps', sweep)
  await send('POST', '/jobs', job(5))
  await refresh()
  const end = Date.now() + seconds * 1_000
  const all = Array.from({ length: clients }, () => client(end))
  while (Date.now() < end) {
    await new Promise((done) => setTimeout(done, 100))
    await refresh()
  }
  await Promise.all(all)

  const connection = new pg.Client({ connectionString: database.connectionString })
  await connection.connect()
  const { rows } = await connection.query(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  await connection.end()
  expect(faults).toEqual([])
  // Statements that change rows ran beside each other; otherwise the test tested nothing.
  const changes = ['pause 200', 'cancel 200', 'resume 200', '/jobs/job 204', '/jobs/batch 202', 'fork 202']
  expect(changes.filter((change) => ![...counts.keys()].some((what) => what.endsWith(change)))).toEqual([])
  expect(rows).toEqual([{ deadlocks: 0 }])
}, 120_000)
