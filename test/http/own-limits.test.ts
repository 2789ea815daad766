/** Own limits of tenants apply at once in a running service, and refusals name them. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { scopeSchema } from '../../src/contract/key.js'
import {
  type LimitChanges,
  limitNames,
  limitSettings,
  limitsSchema,
  limitsStatusSchema,
} from '../../src/contract/limits.js'
import { byTest } from '../support/actor.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { eventually } from '../support/service.js'
import { newJob } from '../support/stores.js'
import { underLoad } from '../support/waiting.js'
import { upTo } from '../support/watching.js'

let service: RunningApp
let tenants = 0
let blue: { tenantId: string; header: string }
let red: { tenantId: string; header: string }

beforeAll(async () => {
  service = await openApp()
  await service.app.listen({ port: 0, host: '127.0.0.1' })
})

afterAll(() => service.close())

beforeEach(async () => {
  const made = async () => {
    const tenantId = `tenant-${++tenants}`
    return { tenantId, header: (await keyFor(service, tenantId, [...scopeSchema.options])).header }
  }
  blue = await made()
  red = await made()
})

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

/** Three weights, five epochs, and the spec with a seed of one digit. */
const bytesOfJob = ({ spec }: { spec: object }) =>
  4 * 3 + 32 * 5 + Buffer.byteLength(JSON.stringify({ ...spec, seed: 1 }))

const change = (changes: LimitChanges) => service.tenants.changeLimits(blue.tenantId, changes, byTest)
const send = ({ header }: { header: string }, path: string, body: object) =>
  request(service.app.server).post(path).set('authorization', header).send(body)
const limitsOf = async ({ header }: { header: string }) =>
  limitsStatusSchema.parse(
    (await request(service.app.server).get('/limits').set('authorization', header).expect(200)).body,
  )
const own = (setting: string) => `(this tenant’s own limit in place of ${setting})`

describe('an own limit of a tenant', () => {
  it.each([
    ['epochs', 4, 'budget-exceeded', 'This training requests 5 epochs; the limit is 4'],
    ['jobFlops', 100, 'budget-exceeded', 'operations; the limit is 1.00e+2'],
    ['arenaBytes', 1, 'model-too-large', 'bytes of memory; the limit is 1'],
    ['queuedJobs', 1, 'too-many-jobs', '2 jobs would be queued or paused; the limit is 1'],
  ] as const)('of %s refuses a job and its validation alike, and nobody else’s', async (name, value, code, says) => {
    await send(blue, '/jobs', xor).expect(202)
    await send(blue, '/jobs/validate', xor).expect(200)
    await change({ [name]: value })
    const answers = [await send(blue, '/jobs', xor), await send(blue, '/jobs/validate', xor)]
    for (const { body } of answers) {
      expect(body.code).toBe(code)
      expect(body.detail).toContain(`${says} ${own(limitSettings[name])}`)
    }
    const [created, validated] = answers.map(({ body }) => ({ ...body, traceId: '' }))
    expect(validated).toEqual(created)
    await send(red, '/jobs', xor).expect(202)
    await change({ [name]: null })
    await send(blue, '/jobs', xor).expect(202)
  })

  it('on stored bytes counts weights, epochs and specs', async () => {
    const { body } = await send(blue, '/jobs', xor).expect(202)
    const bytes = bytesOfJob(body)
    expect((await limitsOf(blue)).limits.storedBytes.used).toBe(bytes)
    await change({ storedBytes: 2 * bytes - 1 })
    const says = `The stored data would be ${2 * bytes} bytes; the limit is ${2 * bytes - 1} ${own('MAXIMUM_STORED_BYTES')}`
    const answers = [await send(blue, '/jobs', xor), await send(blue, '/jobs/validate', xor)]
    for (const { body } of answers) {
      expect(body.code).toBe('too-much-stored')
      expect(body.detail).toContain(says)
    }
    await change({ storedBytes: 2 * bytes })
    await send(blue, '/jobs', xor).expect(202)
  })

  it('can be higher than the setting', async () => {
    const epochs = generous.epochs
    const smaller = { ...generous, epochs: 3 }
    const strict = await openApp(undefined, undefined, null, smaller)
    try {
      const { header } = await keyFor(strict, 'blue', ['jobs:write'])
      const post = () => request(strict.app.server).post('/jobs').set('authorization', header).send(xor)
      expect((await post()).body.detail).toContain('the limit is 3 (MAXIMUM_EPOCHS)')
      await strict.tenants.changeLimits('blue', { epochs }, byTest)
      await post().expect(202)
    } finally {
      await strict.close()
    }
  })

  it('on inline rows counts them before they are stored', async () => {
    await change({ storedBytes: 100 })
    const dataset = { x: upTo(100).map((n) => [n + 0.5]), y: upTo(100).map((n) => n % 2) }
    const body = { ...xor, dataset }
    const answers = [await send(blue, '/jobs', body), await send(blue, '/jobs/validate', body)]
    const [created, validated] = answers.map(({ body }) => ({ ...body, traceId: '' }))
    expect(created.code).toBe('too-much-stored')
    expect(validated).toEqual(created)
    expect(await service.database.dataset.count()).toBe(0)
  })

  it('on upload bytes refuses a file while it is received', async () => {
    await change({ datasetBytes: 1_000 })
    const post = ({ header }: { header: string }) =>
      request(service.app.server)
        .post('/datasets')
        .set({ authorization: header, 'content-type': 'text/csv' })
        .send(`a,y\n${'1,2\n2,3\n'.repeat(300)}`)
    const { body } = await post(blue)
    expect(body).toMatchObject({ status: 413, code: 'dataset-too-large' })
    expect(body.detail).toContain(`larger than 1000 bytes; the limit is 1000 ${own('MAXIMUM_DATASET_BYTES')}`)
    await post(red).expect(201)
  })

  it('on requests and streams applies to the next one', async () => {
    const { port } = service.app.server.address() as AddressInfo
    const { id } = await service.jobs.of(blue.tenantId).create(newJob())
    await change({ sockets: 1 })
    const open = () =>
      new WebSocket(`ws://127.0.0.1:${port}/jobs/${id}/stream`, { headers: { authorization: blue.header } })
    const first = open()
    await once(first, 'open')
    const second = open()
    const [, answer] = await once(second, 'unexpected-response')
    const text: Buffer[] = await answer.toArray()
    const { code, detail } = JSON.parse(Buffer.concat(text).toString())
    expect(code).toBe('too-many-sockets')
    expect(detail).toBe(`2 streams would be open; the limit is 1 ${own('MAXIMUM_SOCKETS')}. Close one first.`)
    expect((await limitsOf(blue)).limits.sockets).toMatchObject({ allowed: 1, used: 1, own: true })
    first.terminate()

    await change({ requestsPerMinute: 2 })
    const get = () => request(service.app.server).get('/jobs').set('authorization', blue.header)
    expect((await get()).headers['ratelimit-policy']).toBe('"requests";q=2;w=60')
    await get()
    const refused = await get()
    expect(refused.body).toMatchObject({ status: 429, code: 'rate-limited' })
    expect(refused.body.detail).toContain(`the limit is 2 ${own('MAXIMUM_REQUESTS_PER_MINUTE')}`)
    await service.tenants.changeLimits(red.tenantId, { requestsPerMinute: 1 }, byTest)
    const getAsRed = () => request(service.app.server).get('/jobs').set('authorization', red.header)
    expect([(await getAsRed()).status, (await getAsRed()).status]).toEqual([200, 429])
    await change({ requestsPerMinute: null })
    expect((await get()).headers['ratelimit-policy']).toBe(`"requests";q=${generous.requestsPerMinute};w=60`)
  })
})

describe('GET /limits', () => {
  it('returns the limits, their use, and which are the tenant’s own', async () => {
    const { body } = await send(blue, '/jobs', xor).expect(202)
    await change({ queuedJobs: 7, requestsPerMinute: 60 })
    const { tenantId, limits } = await limitsOf(blue)
    expect(tenantId).toBe(blue.tenantId)
    expect(Object.keys(limits).toSorted()).toEqual([...limitNames].toSorted())
    expect(limits.queuedJobs).toEqual({
      allowed: 7,
      used: 1,
      own: true,
      setting: 'MAXIMUM_QUEUED_JOBS',
      meaning: limitsSchema.shape.queuedJobs.description,
    })
    expect(limits.storedBytes).toMatchObject({
      allowed: generous.storedBytes,
      used: bytesOfJob(body),
      own: false,
    })
    expect(limits.runningJobs).toMatchObject({ used: 0 })
    expect(limits.requestsPerMinute).toMatchObject({ allowed: 60, used: 1, own: true })
    expect(limits.epochs).toMatchObject({ allowed: generous.epochs, used: null, own: false })
    expect((await limitsOf(red)).limits.queuedJobs).toMatchObject({ used: 0, own: false })
  })
})

describe('a service without keys', () => {
  it('applies new limits of `local` within seconds', async () => {
    const open = await openApp()
    try {
      const post = () => request(open.app.server).post('/jobs').send(xor)
      await post().expect(202)
      await open.tenants.changeLimits('local', { epochs: 2 }, byTest)
      const begin = Date.now()
      const refused = await eventually(async () => {
        const answer = await post()
        return answer.status === 422 ? answer : undefined
      })
      expect(refused.body.detail).toContain(own('MAXIMUM_EPOCHS'))
      expect(Date.now() - begin).toBeLessThan(underLoad(5_000))
    } finally {
      await open.close()
    }
  })
})
