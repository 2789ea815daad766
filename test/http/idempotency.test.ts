/** Requests that are repeated with their Idempotency-Key. */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { problemSchema } from '../../src/contract/problems.js'
import { openApp, type RunningApp } from '../support/app.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { startService } from '../support/service.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

function post(key: string, body: object = xor, path = '/jobs') {
  return request(service.app.server).post(path).set('idempotency-key', key).send(body)
}

const jobs = () => service.database.job.count()

describe('Idempotency-Key', () => {
  it('returns and marks the first response, also after the job has changed', async () => {
    const key = randomUUID()
    const before = await jobs()
    const first = await post(key).expect(202)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    await service.jobs.cancel(first.body.id)
    const again = await post(key, { ...xor, batchSize: undefined, priority: 0 }).expect(202)
    expect(again.text).toBe(first.text)
    expect(again.headers.location).toBe(first.headers.location)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await jobs()).toBe(before + 1)
  })

  it('stores the response packed, and counts its bytes', async () => {
    const used = async () => (await request(service.app.server).get('/limits')).body.limits.storedBytes.used
    const key = randomUUID()
    const { text, body } = await post(key).expect(202)
    await service.jobs.cancel(body.id)
    const before = await used()
    const { answer } = await service.database.idempotencyKey.findFirstOrThrow({ where: { key } })
    expect(answer.length).toBeLessThan(text.length / 2)
    await service.database.idempotencyKey.deleteMany({ where: { key } })
    expect(before - (await used())).toBe(answer.length + 300)
  })

  it('returns the response of an earlier release, whose fingerprint cannot be compared', async () => {
    const key = randomUUID()
    const first = await post(key).expect(202)
    // The hash of the validated body, by a schema without later defaults.
    const fingerprint = 'c0ffee'.padEnd(64, '0')
    await service.database.idempotencyKey.updateMany({ where: { key }, data: { fingerprint } })
    const before = await jobs()
    const again = await post(key).expect(202)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.body.id).toBe(first.body.id)
    expect(await jobs()).toBe(before)
  })

  it('identifies a request by its received body, also if a later release validates it differently', async () => {
    const key = randomUUID()
    const first = await post(key).expect(202)
    const { fingerprint } = await service.database.idempotencyKey.findFirstOrThrow({ where: { key } })
    const [version, sent] = fingerprint.split(' ')
    await service.database.idempotencyKey.updateMany({
      where: { key },
      data: { fingerprint: `${version} ${sent} other` },
    })
    const reordered = Object.fromEntries(Object.entries(xor).reverse())
    expect((await post(key, reordered).expect(202)).body.id).toBe(first.body.id)
    await post(key, { ...xor, epochs: 6 }).expect(422)
  })

  it('applies to models', async () => {
    const key = randomUUID()
    const body = { construct: { dnf: { inputs: 2, trueRows: [1, 2] } } }
    const before = await service.database.model.count()
    const first = await post(key, body, '/models').expect(201)
    const again = await post(key, body, '/models').expect(201)
    expect(again.text).toBe(first.text)
    expect(await service.database.model.count()).toBe(before + 1)
  })

  it('is refused for another body or another path', async () => {
    const key = randomUUID()
    await post(key).expect(202)
    const before = await jobs()
    for (const answer of [
      await post(key, { ...xor, epochs: 6 }),
      await post(key, { construct: { dnf: { inputs: 2, trueRows: [1] } } }, '/models'),
    ]) {
      expect(answer.status).toBe(422)
      expect(problemSchema.parse(answer.body).code).toBe('idempotency-key-reused')
    }
    expect(await jobs()).toBe(before)
  })

  it('can be reused for a corrected request after a refusal', async () => {
    const key = randomUUID()
    await post(key, { ...xor, dataset: 'none' }).expect(422)
    await post(key, xor).expect(202)
  })

  it.each([
    ['with space'],
    ['x'.repeat(256)],
    [''],
  ])('must be 1 to 255 visible characters, not %j', async (key) => {
    const answer = await post(key).expect(400)
    expect(answer.body.errors[0].pointer).toBe('/idempotency-key')
  })

  it('is answered 409 while the first request is in progress, and is free if that one dies', async () => {
    const key = randomUUID()
    const other = new pg.Client({ connectionString: service.connectionString })
    other.on('error', () => {})
    await other.connect()
    await other.query('BEGIN')
    await other.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      JSON.stringify(['Idempotency-Key', 'local', key]),
    ])
    const before = await jobs()
    const meanwhile = await post(key).expect(409)
    expect(problemSchema.parse(meanwhile.body).code).toBe('idempotency-key-in-flight')
    expect(await jobs()).toBe(before)
    // Cuts its connection, as if its process were killed.
    const { rows } = await other.query('SELECT pg_backend_pid() AS pid')
    await service.database.$executeRaw`SELECT pg_terminate_backend(${rows[0].pid}::int)`
    await expect.poll(async () => (await post(key)).status).toBe(202)
    expect(await jobs()).toBe(before + 1)
  })

  it('expires after a day and is swept', async () => {
    const key = randomUUID()
    await post(key).expect(202)
    await service.database.$executeRaw`
      UPDATE "IdempotencyKey" SET "createdAt" = now() - interval '24 hours' WHERE key = ${key}`
    const before = await jobs()
    const later = await post(key, { ...xor, epochs: 7 }).expect(202)
    expect(later.headers['idempotency-replayed']).toBeUndefined()
    expect(await jobs()).toBe(before + 1)
    await service.database.$executeRaw`
      UPDATE "IdempotencyKey" SET "createdAt" = now() - interval '24 hours' WHERE key = ${key}`
    await service.idempotency.cleanUp()
    expect(await service.database.idempotencyKey.count({ where: { key } })).toBe(0)
  })
})

describe('1,000 concurrent requests under one key, to two API processes', () => {
  it('create one job, and every 202 has the same response', { timeout: 60_000 }, async () => {
    const connectionString = await freshDatabaseOfTest()
    const environment = { DATABASE_URL: connectionString, LOG_LEVEL: 'info' }
    const apis = await Promise.all([1, 2].map(() => startService(environment, 'dist/src/server.js')))
    onTestFinished(async () => {
      for (const api of apis) await api.stop()
    })
    const key = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const answer = await fetch(`${apis[index % 2]?.url}/jobs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify(xor),
        })
        return {
          status: answer.status,
          text: await answer.text(),
          replayed: answer.headers.get('idempotency-replayed'),
        }
      }),
    )
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].filter((status) => status !== 202 && status !== 409)).toEqual([])
    const accepted = answers.filter(({ status }) => status === 202)
    expect(new Set(accepted.map(({ text }) => text)).size).toBe(1)
    expect(accepted.filter(({ replayed }) => replayed === null)).toHaveLength(1)
    const client = new pg.Client({ connectionString })
    await client.connect()
    const { rows } = await client.query('SELECT count(*)::int AS jobs FROM "Job"')
    await client.end()
    expect(rows).toEqual([{ jobs: 1 }])
  })
})
