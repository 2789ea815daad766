/** Secrets of webhooks: encrypted at rest, shown once, rotated with an overlap. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { registeredWebhookSchema, rotatedWebhookSchema } from '../../src/contract/webhook.js'
import { sealSecrets } from '../../src/store/webhook-secrets.js'
import { webhookStore } from '../../src/store/webhooks.js'
import { withKeyFile } from '../../src/webhooks/key-file.js'
import { openSecretBox } from '../../src/webhooks/secret-box.js'
import { signatureHeaders } from '../../src/webhooks/signature.js'
import { byTest } from '../support/actor.js'
import { openApp, type RunningApp } from '../support/app.js'
import { newJob, webhookKey } from '../support/stores.js'

const newKey = () => randomBytes(32).toString('base64')
const secret = 'whsec_c2VjcmV0'
const limits = { attempts: 100, perTenant: 100, perWebhook: 100 }

describe('a secret box', () => {
  it('opens what it sealed, each time with another ciphertext', () => {
    const box = openSecretBox([newKey()])
    const sealed = box.seal(secret, 'whk_1')
    expect(box.open(sealed, 'whk_1')).toBe(secret)
    expect(box.seal(secret, 'whk_1')).not.toBe(sealed)
    expect(sealed).not.toContain('c2VjcmV0')
  })

  it('does not open a box of another webhook or key, or a changed one', () => {
    const box = openSecretBox([newKey()])
    const sealed = box.seal(secret, 'whk_1')
    expect(box.open(sealed, 'whk_2')).toBeNull()
    expect(openSecretBox([newKey()]).open(sealed, 'whk_1')).toBeNull()
    const [version, name, content] = sealed.split('.')
    for (let index = 0; index < Buffer.from(content, 'base64').length; index++) {
      const changed = Buffer.from(content, 'base64')
      changed[index] ^= 1
      expect(box.open([version, name, changed.toString('base64')].join('.'), 'whk_1')).toBeNull()
      const cut = changed.subarray(0, index).toString('base64')
      expect(box.open([version, name, cut].join('.'), 'whk_1')).toBeNull()
    }
    expect(box.open(secret, 'whk_1')).toBeNull()
  })

  it('seals with the first key and opens with all', () => {
    const [earlier, later] = [newKey(), newKey()]
    const sealed = openSecretBox([earlier]).seal(secret, 'whk_1')
    const both = openSecretBox([later, earlier])
    expect(both.open(sealed, 'whk_1')).toBe(secret)
    expect(openSecretBox([later]).open(both.seal(secret, 'whk_1'), 'whk_1')).toBe(secret)
    expect([both.isCurrent(sealed), both.isCurrent(both.seal(secret, 'whk_1'))]).toEqual([false, true])
  })
})

describe('the key file', () => {
  it('is created once, readable by its owner only, and not if keys are given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'descent-key-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const given = newKey()
    expect(await withKeyFile([given], folder)).toEqual([given])
    const [made] = await withKeyFile([], folder)
    expect(Buffer.from(made, 'base64')).toHaveLength(32)
    expect(await readdir(folder)).toEqual(['webhook-key'])
    expect((await stat(join(folder, 'webhook-key'))).mode & 0o777).toBe(0o600)
    expect(await withKeyFile([], folder)).toEqual([made])
    // It still opens what it sealed.
    expect(await withKeyFile([given], folder)).toEqual([given, made])
    await writeFile(join(folder, 'webhook-key'), 'broken')
    await expect(withKeyFile([], folder)).rejects.toThrow(/webhook-key is not base64 of 32 bytes/)
    expect(await readFile(join(folder, 'webhook-key'), 'utf8')).toBe('broken')
  })
})

describe('a stored secret', () => {
  let service: RunningApp
  const api = () => request(service.app.server)

  beforeAll(async () => {
    service = await openApp()
  })
  afterAll(() => service.close())

  async function register() {
    await service.database.webhook.deleteMany()
    const { body } = await api().post('/webhooks').send({ url: 'https://example.com' }).expect(201)
    return { id: String(body.id), secret: String(body.secret) }
  }
  const rotate = async (id: string, body?: object) =>
    rotatedWebhookSchema.parse(
      (await api().post(`/webhooks/${id}/rotate-secret`).send(body).expect(200)).body,
    )

  /** The secrets that sign a delivery now. */
  async function secretsOf(id: string): Promise<string[]> {
    const job = newJob()
    await service.jobs.create(job)
    await service.jobs.cancel(job.id)
    const [due] = await service.webhooks.claim(limits, 0)
    expect(due.webhookId).toBe(id)
    await service.database.webhookDelivery.deleteMany()
    return due.secrets
  }

  /** Every row of every table, as text. */
  async function everything(): Promise<string> {
    const tables = await service.database.$queryRaw<{ name: string }[]>`
      SELECT quote_ident(relname) AS name FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
    const texts = tables.map(({ name }) =>
      service.database.$queryRawUnsafe<{ text: string }[]>(`SELECT t::text AS text FROM ${name} AS t`),
    )
    return (await Promise.all(texts)).flatMap((rows) => rows.map(({ text }) => text)).join('\n')
  }

  it('is not in the database, and a repeated request explains why it is not shown', async () => {
    await service.database.webhook.deleteMany()
    const send = () =>
      api().post('/webhooks').set('idempotency-key', 'key-1').send({ url: 'https://example.com' }).expect(201)
    const first = registeredWebhookSchema.parse((await send()).body)
    expect(first.secret).toMatch(/^whsec_/)
    expect(first.notice).toBeUndefined()
    const replay = await send()
    expect(replay.headers['idempotency-replayed']).toBe('true')
    const second = registeredWebhookSchema.parse(replay.body)
    expect(second).toEqual({ ...first, secret: null, notice: expect.stringContaining('rotate-secret') })
    const rotated = await rotate(first.id)
    const stored = await everything()
    expect(stored).toContain(first.id)
    for (const each of [first.secret ?? '', rotated.secret]) {
      expect(stored).not.toContain(each.replace('whsec_', ''))
    }
  })

  it('signs together with its successor until the overlap is over', async () => {
    const { id, secret: old } = await register()
    const rotated = await rotate(id)
    expect(Date.parse(rotated.previousSecretExpiresAt ?? '') - Date.now()).toBeGreaterThan(86_000_000)
    const secrets = await secretsOf(id)
    expect(secrets).toEqual([rotated.secret, old])
    const headers = signatureHeaders(secrets, { id: 'msg_1', body: '{}' }, new Date())
    for (const each of secrets) new Webhook(each).verify('{}', headers)
    await service.database.webhookSecret.updateMany({
      where: { expiresAt: { not: null } },
      data: { expiresAt: new Date() },
    })
    expect(await secretsOf(id)).toEqual([rotated.secret])
    await service.webhooks.cleanUp()
    expect(await service.database.webhookSecret.count()).toBe(1)
  })

  it('makes room for another by ending the one that expires first', async () => {
    const { id } = await register()
    const hour = { overlapSeconds: 3_600 }
    const shortest = await rotate(id, hour)
    const next = await rotate(id, { overlapSeconds: 60 })
    await rotate(id, hour)
    const beforeLast = await rotate(id, hour)
    const full = await secretsOf(id)
    expect(full).toHaveLength(5)
    expect(full).toContain(shortest.secret)
    const last = await rotate(id, hour)
    const secrets = await secretsOf(id)
    expect(secrets).toHaveLength(5)
    expect(secrets).not.toContain(shortest.secret)
    expect(secrets).toEqual(expect.arrayContaining([next.secret, beforeLast.secret, last.secret]))
  })

  it('signs although the answer with its successor was lost, and ends at once on demand', async () => {
    const { id, secret: known } = await register()
    await rotate(id)
    const third = await rotate(id, { overlapSeconds: 3_600 })
    const secrets = await secretsOf(id)
    expect(secrets).toHaveLength(3)
    expect(secrets).toEqual(expect.arrayContaining([known, third.secret]))
    for (let count = 0; count < 6; count++) await rotate(id)
    expect(await secretsOf(id)).toHaveLength(5)
    const last = await rotate(id, { overlapSeconds: 0 })
    expect(last.previousSecretExpiresAt).toBeNull()
    expect(await secretsOf(id)).toEqual([last.secret])
    await api().post(`/webhooks/${id}/rotate-secret`).send({ overlapSeconds: 700_000 }).expect(400)
    await api().post('/webhooks/whk_0/rotate-secret').expect(404)
  })

  it('is encrypted at the next start when it was plain or under an earlier key', async () => {
    const { id, secret: before } = await register()
    const later = openSecretBox([newKey(), webhookKey])
    expect(await sealSecrets(service.database, later)).toEqual([])
    const [row] = await service.database.webhookSecret.findMany()
    expect([later.isCurrent(row.sealed), later.open(row.sealed, id)]).toEqual([true, before])
    await service.database.webhookSecret.updateMany({ data: { sealed: before } })
    const ours = openSecretBox([webhookKey])
    expect(await sealSecrets(service.database, ours)).toEqual([])
    expect(await secretsOf(id)).toEqual([before])
    expect(await everything()).not.toContain(before)
    // Without its key, a secret is reported and not changed.
    expect(await sealSecrets(service.database, openSecretBox([newKey()]))).toEqual([id])
    expect(await secretsOf(id)).toEqual([before])
  })

  it('cannot be created by a service without keys, which names the setting', async () => {
    const without = webhookStore(service.database, null)
    const webhook = { id: 'whk_9', tenantId: 'local', url: 'https://example.com', events: [], secret }
    await expect(without.create(webhook, byTest)).rejects.toThrow(/WEBHOOK_KEYS/)
    await expect(without.rotate('local', 'whk_9', { secret, overlapSeconds: 0 }, byTest)).rejects.toThrow(
      /WEBHOOK_KEYS/,
    )
  })
})
