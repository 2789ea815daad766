/** A database with secrets in plain text, of before they were encrypted. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registeredWebhookSchema } from '../../src/contract/webhook.js'
import { applyMigrations } from '../../src/store/migrations.js'
import { openSecretBox } from '../../src/webhooks/secret-box.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { startService } from '../support/service.js'
import { webhookKey } from '../support/stores.js'

const ours = join(import.meta.dirname, '../../prisma/migrations')
const id = `whk_${'1'.repeat(32)}`
const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const answer = {
  id,
  object: 'webhook',
  url: 'https://example.com',
  events: ['job.failed'],
  createdAt: '2026-01-01T00:00:00.000Z',
  links: { self: `/webhooks/${id}` },
  secret,
}
/** Looks like an answer of a webhook, and is none. */
const jobAnswer = JSON.stringify({ object: 'job', metadata: { object: 'webhook', secret } })

let fresh: FreshDatabase
let client: pg.Client
let folder: string

beforeAll(async () => {
  fresh = await freshDatabase('empty')
  client = new pg.Client({ connectionString: fresh.connectionString })
  await client.connect()
  folder = await mkdtemp(join(tmpdir(), 'descent-migrations-'))
  const names = (await readdir(ours)).filter((name) => /^00(0\d|1[0-5])_/.test(name))
  expect(names).toHaveLength(15)
  for (const name of names) await cp(join(ours, name), join(folder, name), { recursive: true })
  await applyMigrations(fresh.connectionString, folder)
  await client.query(
    `INSERT INTO "Webhook" (id, "tenantId", url, events, secret) VALUES ($1, 'local', $2, $3, $4)`,
    [id, answer.url, answer.events, secret],
  )
  await client.query(
    `INSERT INTO "IdempotencyKey" ("tenantId", key, fingerprint, answer)
     VALUES ('local', 'hook', '', $1), ('local', 'job', '', $2)`,
    [JSON.stringify(answer), jobAnswer],
  )
  await applyMigrations(fresh.connectionString, ours)
})

afterAll(async () => {
  await client?.end()
  await fresh?.drop()
  if (folder !== undefined) await rm(folder, { recursive: true })
})

describe('secrets in plain text', () => {
  it('are gone from the answers of earlier requests, which still fit', async () => {
    const { rows } = await client.query('SELECT key, answer FROM "IdempotencyKey" ORDER BY key')
    expect(registeredWebhookSchema.parse(JSON.parse(rows[0].answer))).toMatchObject({ id, secret: null })
    expect(rows[1].answer).toBe(jobAnswer)
  })

  it('stop a start without a key, which says what to do, and are encrypted by one with a key', async () => {
    const environment = { DATABASE_URL: fresh.connectionString, LOG_LEVEL: 'info' }
    await expect(startService(environment, 'dist/src/server.js')).rejects.toThrow(
      /There are webhooks, and no key.*WEBHOOK_KEYS.*openssl rand -base64 32/,
    )
    const service = await startService({ ...environment, WEBHOOK_KEYS: webhookKey }, 'dist/src/server.js')
    await service.stop()
    const { rows } = await client.query('SELECT sealed FROM "WebhookSecret"')
    expect(rows).toHaveLength(1)
    expect(rows[0].sealed).not.toContain(secret)
    expect(openSecretBox([webhookKey]).open(rows[0].sealed, id)).toBe(secret)
    // With another key it starts, and says which webhooks stand still.
    const other = { ...environment, WEBHOOK_KEYS: Buffer.alloc(32, 9).toString('base64') }
    const mistaken = await startService(other, 'dist/src/server.js')
    await mistaken.stop()
    expect(mistaken.output()).toContain('no key of WEBHOOK_KEYS opens the secrets of these webhooks')
    expect(mistaken.output()).toContain(id)
  })
})
