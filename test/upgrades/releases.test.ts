/**
 * Databases of earlier releases, filled by their code, are migrated while all processes start, and answer as
 * before.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { jobEventSchema } from '../../src/contract/job-event.js'
import { isFinished } from '../../src/contract/job-status.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { eventually, type Service, startService } from '../support/service.js'
import { differences } from './differences.js'
import { type Recorded, type Release, readAnswer, readRelease, restoreRelease } from './release.js'

const names = readdirSync(join(import.meta.dirname, '../fixtures/releases'))
  .flatMap((file) => /^(.*)\.sql\.gz$/.exec(file)?.[1] ?? [])
  .toSorted()

const oldListSchema = z.object({ data: z.array(z.object({ id: z.string() })), lastId: z.string().nullable() })

const oldJobSchema = z.object({
  object: z.literal('job'),
  name: z.string().nullable(),
  status: z.string(),
  createdAt: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
})

/** Differences to the answers of earlier releases that are allowed. */
const allowed: readonly { pattern: RegExp; because: string }[] = [
  {
    pattern: / \/answer\/lastId: "(\w+)" → "\1~\w+"$/,
    because: 'a cursor says its place, so that it outlives its item; the id alone still is one',
  },
  { pattern: / \/answer\/traceId: /, because: 'each request has its own' },
  {
    pattern: /\/answer\/title: "There is nothing here" → "Resource not found"$/,
    because: 'clients read the code of a problem; its English may change',
  },
  { pattern: /^GET \/limits .*\/used: /, because: 'the jobs that waited have ended' },
  { pattern: /^GET \/limits .*\/meaning: /, because: 'limits say what they count by now' },
  { pattern: / \/answer\/deliveries\/\d+\/createdAt: /, because: 'restoring makes deliveries young' },
  {
    pattern: /boundary=4 \/answer\/\d+\/(values|range)/,
    because: 'another backend may round the picture otherwise',
  },
]

it('has a release to upgrade from', () => {
  expect(names).toContain('a27858b')
})

describe.each(names)('a database of release %s', (name) => {
  let database: FreshDatabase
  let release: Release
  let processes: Service[] = []
  let urls: string[]

  beforeAll(async () => {
    database = await freshDatabase('empty')
    release = await readRelease(name)
    await restoreRelease(name, database.connectionString)
    // Its webhooks had secrets in plain text; this release needs a key.
    const key = randomBytes(32).toString('base64')
    const environment = { DATABASE_URL: database.connectionString, LOG_LEVEL: 'info', WEBHOOK_KEYS: key }
    const programs = ['dist/src/server.js', 'dist/src/server.js', 'dist/workers/main.js']
    processes = await Promise.all(programs.map((program) => startService(environment, program)))
    urls = processes.map(({ url }) => url).filter((url) => url !== '')
  }, 60_000)

  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop()))
    await database?.drop()
  }, 30_000)

  const send = (url: string, key: string, { method, path, body, headers = {} }: Partial<Recorded>) =>
    fetch(`${url}${path}`, {
      method: method ?? 'GET',
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })

  async function ask(url: string, recorded: Recorded): Promise<Pick<Recorded, 'status' | 'type' | 'answer'>> {
    const response = await send(url, release.keys[recorded.tenant], recorded)
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    const bytes = Buffer.from(await response.arrayBuffer())
    return { status: response.status, type, answer: readAnswer(type, bytes) }
  }

  it('answers as before, from both processes', async () => {
    const found: string[] = []
    for (const [index, recorded] of release.recorded.entries()) {
      const now = await ask(urls[index % urls.length], recorded)
      const before = { status: recorded.status, type: recorded.type, answer: recorded.answer }
      for (const each of differences(before, now)) {
        const difference = `${recorded.method} ${recorded.path} ${each}`
        if (!allowed.some(({ pattern }) => pattern.test(difference))) found.push(difference)
      }
    }
    expect(found).toEqual([])
  })

  it('continues its lists after old cursors', async () => {
    for (const { tenant, path, answer } of release.recorded) {
      const list = oldListSchema.safeParse(answer).data
      if (!/^\/\w+$/.test(path) || list === undefined || list.data.length === 0) continue
      // Built-ins come first; they were no cursors.
      const stored = list.data.filter(({ id }) => id.includes('_'))
      const response = await send(urls[0], release.keys[tenant], {
        path: `${path}?after=${stored[0].id}&limit=100`,
      })
      expect(response.status, path).toBe(200)
      const rest = oldListSchema.parse(await response.json())
      const ids = stored.slice(1).map(({ id }) => id)
      expect(rest.data.map(({ id }) => id).slice(0, ids.length)).toEqual(ids)
    }
  })

  it('shows the events of its jobs, as far as they were stored', async () => {
    for (const { path, answer } of release.recorded) {
      const old = oldJobSchema.safeParse(answer).data
      if (old === undefined || !/^\/jobs\/\w+$/.test(path)) continue
      const response = await send(urls[0], release.keys[old.name === 'green' ? 'green' : 'blue'], {
        path: `${path}/events`,
      })
      const { data } = z.object({ data: z.array(jobEventSchema) }).parse(await response.json())
      expect(data[0]).toMatchObject({ type: 'queued', at: old.createdAt })
      expect(data[1]).toMatchObject({ type: 'claimed', at: old.startedAt })
      if (old.finishedAt !== null) {
        expect(data.at(-1)).toMatchObject({ type: 'ended', at: old.finishedAt, status: old.status })
      }
    }
  })

  it('refuses the key that was revoked', async () => {
    for (const url of urls)
      expect((await send(url, release.keys.revoked, { path: '/jobs' })).status).toBe(401)
  })

  async function jobOf(id: string): Promise<Job> {
    const answers = await Promise.all(
      [release.keys.blue, release.keys.green].map((key) => send(urls[0], key, { path: `/jobs/${id}` })),
    )
    const answer = answers.find(({ ok }) => ok)
    if (answer === undefined) throw new Error(`there is no job ${id}`)
    return jobSchema.parse(await answer.json())
  }

  const ended = (id: string) =>
    eventually(async () => {
      const job = await jobOf(id)
      return isFinished(job.status) ? job : undefined
    })

  it('finishes the queued jobs, and the one whose worker was killed', async () => {
    expect(release.unfinished.length).toBeGreaterThan(0)
    for (const id of release.unfinished) {
      expect(await ended(id)).toMatchObject({ status: 'succeeded', modelId: expect.stringMatching(/^mdl_/) })
    }
  }, 60_000)

  it('continues the paused job from its old checkpoint', async () => {
    const { epoch } = await jobOf(release.paused)
    expect(epoch).toBeGreaterThan(0)
    const resume = { method: 'POST', path: `/jobs/${release.paused}/resume`, body: {} }
    expect((await send(urls[1], release.keys.blue, resume)).status).toBe(200)
    const job = await ended(release.paused)
    expect(job).toMatchObject({ status: 'succeeded', epoch: job.epochs })
    expect(processes[2].output()).not.toMatch(/damaged|checksum/i)
  }, 60_000)
})
