/** Limits of tenants: refusals name the limit, the requested amount and the setting. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { byTest } from '../support/actor.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'
import { linearModel, newJob, storeModel } from '../support/stores.js'
import { upTo } from '../support/watching.js'

async function openWith(allowed: Partial<typeof generous>): Promise<RunningApp> {
  const service = await openApp(undefined, undefined, null, { ...generous, ...allowed })
  onTestFinished(() => service.close())
  return service
}

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

describe('the rate of requests', () => {
  it('is reported, and requests above it are refused until the bucket refills', async () => {
    const service = await openWith({ requestsPerMinute: 60 })
    const get = () => request(service.app.server).get('/jobs')
    const first = await get().expect(200)
    expect(first.headers['ratelimit-policy']).toBe('"requests";q=60;w=60')
    expect(first.headers.ratelimit).toBe('"requests";r=59;t=1')
    const answers = await Promise.all(upTo(80).map(() => get()))
    const refused = answers.filter(({ status }) => status === 429)
    // Meanwhile the bucket has refilled by one a second.
    expect(refused.length).toBeGreaterThan(5)
    expect(refused.length).toBeLessThanOrEqual(21)
    const [{ headers, body }] = refused
    expect(body).toMatchObject({ code: 'rate-limited', status: 429 })
    expect(body.detail).toMatch(/the limit is 60 \(MAXIMUM_REQUESTS_PER_MINUTE\)/)
    expect(headers['retry-after']).toBe('1')
    expect(headers.ratelimit).toMatch(/^"requests";r=0;t=\d+$/)
    await request(service.app.server).get('/health/live').expect(200)
    await eventually(async () => (await get()).status === 200 || undefined)
  })
})

describe('waiting jobs', () => {
  it('never exceed the limit under concurrent requests', async () => {
    const service = await openWith({ queuedJobs: 10 })
    const post = () => request(service.app.server).post('/jobs').send(xor)
    const answers = await Promise.all(upTo(50).map(post))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(40)
    expect(refused[0]?.body).toMatchObject({
      code: 'too-many-jobs',
      detail: '11 jobs would be queued or paused; the limit is 10 (MAXIMUM_QUEUED_JOBS).',
    })
    expect(await service.database.job.count()).toBe(10)
    // Jobs of other tenants do not count. Paused jobs count, cancelled ones do not.
    await service.jobs.of('another').create(newJob())
    const [{ body: job }] = answers.filter(({ status }) => status === 202)
    await request(service.app.server).post(`/jobs/${job.id}/pause`).expect(200)
    await post().expect(429)
    await request(service.app.server).post(`/jobs/${job.id}/cancel`).expect(200)
    await post().expect(202)
  })
})

describe('stored bytes', () => {
  it('of datasets and models together are refused above the limit, and nothing is stored', async () => {
    const service = await openWith({ storedBytes: 100 })
    const api = request(service.app.server)
    const csv = `a,y\n${upTo(1_000)
      .map((n) => `${n * 1.37},${n % 2}\n`)
      .join('')}`
    const upload = await api.post('/datasets').set('content-type', 'text/csv').send(csv)
    expect(upload.body).toMatchObject({ code: 'too-much-stored', status: 409 })
    expect(upload.body.detail).toMatch(
      /stored data would be \d{4,} bytes; the limit is \d+ \(MAXIMUM_STORED_BYTES\)/,
    )
    expect(await service.database.dataset.count()).toBe(0)
    expect(await service.database.datasetChunk.count()).toBe(0)
    await service.tenants.changeLimits('local', { storedBytes: 1_000_000 }, byTest)
    await storeModel(service, linearModel())
    await api.post('/jobs').send(xor).expect(202)
    const { storedBytes } = await service.tenants.use('local')
    await service.tenants.changeLimits('local', { storedBytes: storedBytes + 76 }, byTest)
    const wide = {
      ...xor,
      network: { layers: [{ type: 'dense', units: 20, activation: 'tanh' }, ...xor.network.layers] },
    }
    expect((await api.post('/jobs').send(wide)).body.code).toBe('too-much-stored')
    const construct = { construct: { dnf: { inputs: 8, trueRows: [1, 2, 3] } } }
    expect((await api.post('/models').send(construct)).body.code).toBe('too-much-stored')
    expect(await service.database.model.count()).toBe(1)
    // 36 bytes each.
    const small = { construct: { dnf: { inputs: 2, trueRows: [1, 2] } } }
    const { body: first } = await api.post('/models').send(small).expect(201)
    await api.post('/models').send(small).expect(201)
    expect((await api.post('/models').send(small)).body.code).toBe('too-much-stored')
    await api.delete(first.links.self).expect(204)
    await api.post('/models').send(small).expect(201)
  })
})

describe('epochs', () => {
  it('are limited when a job is created and resumed', async () => {
    const service = await openWith({ epochs: 1_000 })
    const api = request(service.app.server)
    const { body: job } = await api.post('/jobs').send(xor).expect(202)
    await api.post(`/jobs/${job.id}/pause`).expect(200)
    const says = 'This training requests 1001 epochs; the limit is 1000 (MAXIMUM_EPOCHS).'
    for (const answer of [
      await api.post('/jobs').send({ ...xor, epochs: 1_001 }),
      await api.post('/jobs/validate').send({ ...xor, epochs: 1_001 }),
      await api.post(`/jobs/${job.id}/resume`).send({ epochs: 1_001 }),
    ]) {
      expect(answer.body).toMatchObject({ code: 'budget-exceeded', status: 422, detail: says })
      expect(answer.body.errors).toEqual([{ pointer: '/epochs', message: says }])
    }
    await api.post(`/jobs/${job.id}/resume`).send({ epochs: 1_000 }).expect(200)
  })
})

describe('open streams', () => {
  it('over WebSockets and server-sent events count together until they close', async () => {
    const service = await openWith({ sockets: 2 })
    await service.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = service.app.server.address() as AddressInfo
    const { id } = await service.jobs.create(newJob())
    const address = `127.0.0.1:${port}/jobs/${id}/stream`
    const sse = (signal?: AbortSignal) =>
      fetch(`http://${address}`, { headers: { accept: 'text/event-stream' }, signal })
    const socket = new WebSocket(`ws://${address}`)
    await once(socket, 'open')
    const gone = new AbortController()
    expect((await sse(gone.signal)).status).toBe(200)

    const refused = await sse()
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({
      code: 'too-many-sockets',
      detail: '3 streams would be open; the limit is 2 (MAXIMUM_SOCKETS). Close one first.',
    })
    const second = new WebSocket(`ws://${address}`)
    const [, response] = await once(second, 'unexpected-response')
    expect(response.statusCode).toBe(429)
    second.on('error', () => {})
    second.terminate()

    socket.terminate()
    await expect
      .poll(async () => {
        const again = new AbortController()
        const { status } = await sse(again.signal)
        if (status !== 200) again.abort()
        return status
      })
      .toBe(200)
    gone.abort()
    await expect.poll(async () => (await sse()).status).toBe(200)
  })
})
