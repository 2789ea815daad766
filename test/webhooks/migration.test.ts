/** A database with secrets in plain text, of before they were encrypted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registeredWebhookSchema } from '../../src/contract/webhook.js'
import { unpackJson, unpackText } from '../../src/store/packed-json.js'
import { openSecretBox } from '../../src/webhooks/secret-box.js'
import { type EarlierDatabase, earlierDatabase } from '../support/earlier-database.js'
import { startService } from '../support/service.js'
import { webhookKey } from '../support/stores.js'

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
/** The answer of a job that contains the fields of a webhook. */
const jobAnswer = JSON.stringify({ object: 'job', metadata: { object: 'webhook', secret } })

let earlier: EarlierDatabase

beforeAll(async () => {
  earlier = await earlierDatabase(15)
  const { client } = earlier
  await client.query(
    `INSERT INTO "Webhook" (id, "tenantId", url, events, secret) VALUES ($1, 'local', $2, $3, $4)`,
    [id, answer.url, answer.events, secret],
  )
  await client.query(
    `INSERT INTO "IdempotencyKey" ("tenantId", key, fingerprint, answer)
     VALUES ('local', 'hook', '', $1), ('local', 'job', '', $2)`,
    [JSON.stringify(answer), jobAnswer],
  )
  await earlier.upgrade()
})

afterAll(() => earlier?.drop())

describe('secrets in plain text', () => {
  it('are gone from the answers of earlier requests, which still fit', async () => {
    const { rows } = await earlier.client.query('SELECT key, answer FROM "IdempotencyKey" ORDER BY key')
    expect(registeredWebhookSchema.parse(unpackJson(rows[0].answer))).toMatchObject({ id, secret: null })
    expect(unpackText(rows[1].answer)).toBe(jobAnswer)
  })

  it('stop a start without a key, naming the setting, and are encrypted with a key', async () => {
    const environment = { DATABASE_URL: earlier.connectionString, LOG_LEVEL: 'info' }
    await expect(startService(environment, 'dist/src/server.js')).rejects.toThrow(
      /The database has webhooks, but there is no key.*WEBHOOK_KEYS.*openssl rand -base64 32/,
    )
    const service = await startService({ ...environment, WEBHOOK_KEYS: webhookKey }, 'dist/src/server.js')
    await service.stop()
    const { rows } = await earlier.client.query('SELECT sealed FROM "WebhookSecret"')
    expect(rows).toHaveLength(1)
    expect(rows[0].sealed).not.toContain(secret)
    expect(openSecretBox([webhookKey]).open(rows[0].sealed, id)).toBe(secret)
    // With another key it starts, and says which webhooks stand still.
    const other = { ...environment, WEBHOOK_KEYS: Buffer.alloc(32, 9).toString('base64') }
    const mistaken = await startService(other, 'dist/src/server.js')
    await mistaken.stop()
    expect(mistaken.output()).toContain('no key of WEBHOOK_KEYS decrypts the secrets of these webhooks')
    expect(mistaken.output()).toContain(id)
  })
})
