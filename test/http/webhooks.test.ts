/** Registration and display of webhooks. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { jobSchema } from '../../src/contract/job.js'
import { createdWebhookSchema, maximumWebhooks } from '../../src/contract/webhook.js'
import { openApp, type RunningApp } from '../support/app.js'
import { freshDatabase } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'
import { webhookKey } from '../support/stores.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const api = () => request(service.app.server)
const url = 'https://example.com/hook'

describe('/webhooks', () => {
  it('shows the secret once', async () => {
    const answer = await api()
      .post('/webhooks')
      .send({ url, events: ['job.failed'] })
      .expect(201)
    const created = createdWebhookSchema.parse(answer.body)
    expect(created).toMatchObject({ object: 'webhook', url, events: ['job.failed'] })
    expect(answer.headers.location).toBe(`/webhooks/${created.id}`)
    expect(Buffer.from(created.secret.replace('whsec_', ''), 'base64')).toHaveLength(32)
    const one = await api()
      .get(answer.headers.location ?? '')
      .expect(200)
    expect(one.body).toMatchObject({ id: created.id, deliveries: [] })
    const list = await api().get('/webhooks').expect(200)
    expect(list.body.data[0].id).toBe(created.id)
    expect(one.text + list.text).not.toContain(created.secret)
    await api().delete(`/webhooks/${created.id}`).expect(204)
    await api().delete(`/webhooks/${created.id}`).expect(404)
    await api().get(`/webhooks/${created.id}`).expect(404)
  })

  it('subscribes to all events by default', async () => {
    const { body } = await api().post('/webhooks').send({ url }).expect(201)
    expect(body.events).toEqual(['job.succeeded', 'job.failed', 'job.cancelled'])
    await api().delete(`/webhooks/${body.id}`).expect(204)
  })

  it.each([
    [{ url: 'ftp://example.com' }, '/url'],
    [{ url: 'file:///etc/passwd' }, '/url'],
    [{ url: 'http://user:pass@example.com' }, '/url'],
    [{ url: 'nonsense' }, '/url'],
    [{ url, events: [] }, '/events'],
    [{ url, events: ['job.started'] }, '/events/0'],
    [{ url, secret: 'mine' }, '/secret'],
  ])('refuses %j', async (body, pointer) => {
    const answer = await api().post('/webhooks').send(body).expect(400)
    expect(answer.body.errors[0].pointer).toBe(pointer)
  })

  it('has a limit that concurrent requests do not exceed', async () => {
    const existing = await service.database.webhook.count()
    const answers = await Promise.all(
      Array.from({ length: maximumWebhooks + 10 }, () => api().post('/webhooks').send({ url })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(maximumWebhooks - existing)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['too-many-webhooks']))
    await service.database.webhook.deleteMany()
  })
})

describe('an API process', () => {
  it('delivers events that were committed while no process was running', { timeout: 60_000 }, async () => {
    const { connectionString, drop } = await freshDatabase()
    const bodies: string[] = []
    const headers: Record<string, string>[] = []
    const receiver = createServer(async (incoming, answer) => {
      bodies.push(Buffer.concat(await incoming.toArray()).toString())
      headers.push(
        Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
      )
      // The first attempt is under way when the process is killed.
      if (bodies.length > 1) answer.writeHead(200).end()
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const address = receiver.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const environment = {
      WEBHOOK_KEYS: webhookKey,
      DATABASE_URL: connectionString,
      LOG_LEVEL: 'info',
      WEBHOOK_ALLOW_PRIVATE: 'true',
    }
    let running = await startService(environment, 'dist/src/server.js')
    onTestFinished(async () => {
      await running.stop()
      receiver.closeAllConnections()
      receiver.close()
      await drop()
    })
    const send = async (path: string, body?: object) => {
      const answer = await fetch(running.url + path, {
        method: 'POST',
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      return answer.json()
    }
    const webhook = createdWebhookSchema.parse(
      await send('/webhooks', { url: `http://127.0.0.1:${address.port}/` }),
    )
    const network = { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] }
    const xor = { dataset: 'xor', network, loss: 'binaryCrossentropy', epochs: 5 }
    const job = jobSchema.parse(await send('/jobs', xor))
    await send(`/jobs/${job.id}/cancel`)
    await eventually(() => bodies[0])
    await running.stop('SIGKILL')
    running = await startService(environment, 'dist/src/server.js')
    const body = await eventually(() => bodies[1])
    expect(body).toBe(bodies[0])
    expect(new Webhook(webhook.secret).verify(body, headers[1] ?? {})).toMatchObject({
      type: 'job.cancelled',
      data: { jobId: job.id },
    })
  })
})
