/** Two tenants on one worker: a flood of urgent, long and wide jobs does not keep another's from their turn. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../../src/store/database.js'
import { keyStore } from '../../src/store/keys.js'
import { keyFor } from '../support/keys.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { eventually, type Service, startService } from '../support/service.js'
import { upTo } from '../support/watching.js'

/** How often the second tenant comes. */
const waits = process.env.LONG_TESTS === undefined ? 2 : 10

let fresh: FreshDatabase
let processes: Service[] = []
let url: string
let flood: { header: string }
let other: { header: string }

beforeAll(async () => {
  fresh = await freshDatabase()
  const database = openDatabase(fresh.connectionString)
  const keys = { keys: keyStore(database) }
  flood = await keyFor(keys, 'flood', ['jobs:write', 'jobs:read'])
  other = await keyFor(keys, 'other', ['jobs:write', 'jobs:read'])
  await database.$disconnect()
  const environment = { DATABASE_URL: fresh.connectionString, WORKER_CONCURRENCY: '2', MAXIMUM_THREADS: '2' }
  processes = await Promise.all(
    ['dist/src/server.js', 'dist/workers/main.js'].map((program) => startService(environment, program)),
  )
  url = processes[0].url
}, 60_000)

afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()))
  await fresh?.drop()
}, 30_000)

const jobSchema = z.object({ id: z.string(), status: z.string(), finishedAt: z.string().nullable() })

function job(epochs: number, changes: object = {}): object {
  const layers = [
    { type: 'dense', units: 64, activation: 'tanh' },
    { type: 'dense', units: 1, activation: 'sigmoid' },
  ]
  return { dataset: 'xor', network: { layers }, loss: 'binaryCrossentropy', epochs, ...changes }
}

async function ask(path: string, { header }: { header: string }, body?: object): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: header, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

const create = async (key: { header: string }, body: object) => jobSchema.parse(await ask('/jobs', key, body))

it('each gets its share of the threads, for any jobs of the other', async () => {
  const urgent = { priority: 100 }
  const long = 30_000
  const flooding: string[] = []
  for (const index of upTo(40)) {
    const { id } = await create(flood, job(long, index % 5 === 0 ? { ...urgent, threads: 2 } : urgent))
    flooding.push(id)
  }
  const late: string[] = []
  for (const _ of upTo(10)) late.push((await create(other, job(300))).id)
  const endOf = async (key: { header: string }, id: string) => {
    const { status, finishedAt } = jobSchema.parse(await ask(`/jobs/${id}`, key))
    return status === 'succeeded' ? (finishedAt ?? undefined) : undefined
  }
  const ends: string[] = []
  for (const id of late) ends.push(await eventually(() => endOf(other, id)))
  const ended = await Promise.all(flooding.map((id) => endOf(flood, id)))
  const before = ended.filter((end) => end !== undefined && end < ends.toSorted()[ends.length - 1])
  // 40 long ones came first; ten short ones wait for few of them.
  expect(before.length).toBeLessThan(20)
  // The next test does not wait for them. Those that have ended cannot be cancelled.
  for (const id of flooding) await ask(`/jobs/${id}/cancel`, flood, {}).catch(() => {})
}, 180_000)

it('a tenant waits seconds beside trainings of hours', async () => {
  const endless = job(10_000_000)
  const holding = [await create(flood, endless), await create(flood, endless), await create(flood, endless)]
  const statusOf = async (key: { header: string }, id: string) =>
    jobSchema.parse(await ask(`/jobs/${id}`, key)).status
  await eventually(async () => {
    const statuses = await Promise.all(holding.map(({ id }) => statusOf(flood, id)))
    return statuses.filter((status) => status === 'running').length === 2 || undefined
  })
  for (const _ of upTo(waits)) {
    const { id } = await create(other, job(300))
    await eventually(async () => (await statusOf(other, id)) === 'succeeded' || undefined)
  }
  const statuses = await Promise.all(holding.map(({ id }) => statusOf(flood, id)))
  expect(statuses.every((status) => status === 'running' || status === 'queued')).toBe(true)
  for (const { id } of holding) await ask(`/jobs/${id}/cancel`, flood, {})
}, 180_000)
