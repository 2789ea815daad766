/** Share links: anybody who has one sees one run without a key, and nothing else. */
import { once } from 'node:events'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { maximumShareLinks, newShareLinkSchema } from '../../src/contract/share-link.js'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import { openDatabase } from '../../src/store/database.js'
import { shareLinkStore } from '../../src/store/share-links.js'
import { makeShareToken, readKey, readShareToken } from '../../src/training/key-text.js'
import { newId } from '../../src/training/new-id.js'
import { byTest } from '../support/actor.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { routesOf } from '../support/routes.js'
import { linearModel, newJob, startJob } from '../support/stores.js'

let service: RunningApp
let url: string
let owner: string
let other: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  owner = (await keyFor(service, 'owner', ['jobs:write'])).header
  other = (await keyFor(service, 'other', ['jobs:write'])).header
})

afterAll(() => service.close())

const api = () => request(service.app.server)

async function newQueued(): Promise<string> {
  return (await service.jobs.of('owner').create(newJob())).id
}

async function share(job: string, key = owner) {
  const answer = await api().post(`/jobs/${job}/share-links`).set('authorization', key).expect(201)
  expect(answer.headers['cache-control']).toBe('no-store')
  const link = newShareLinkSchema.parse(answer.body)
  return { ...link, header: `Bearer ${link.token}` }
}

const list = async (job: string) =>
  (await api().get(`/jobs/${job}/share-links`).set('authorization', owner).expect(200)).body.data

const revoke = (job: string, link: string, key = owner) =>
  api().delete(`/jobs/${job}/share-links/${link}`).set('authorization', key)

const read = (path: string, header: string) => api().get(path).set('authorization', header)

describe('a share link', () => {
  it('is shown once, listed without its token, and revoked', async () => {
    const job = await newQueued()
    const { id, token, page, jobId, createdAt } = await share(job)
    expect([jobId, page]).toEqual([job, `/#/shared/${token}`])
    expect(await list(job)).toEqual([{ id, object: 'shareLink', jobId: job, createdAt }])
    expect((await read(`/jobs/${job}`, `Bearer ${token}`).expect(200)).body.id).toBe(job)
    expect((await revoke(job, id, other)).status).toBe(404)
    await revoke(await newQueued(), id).expect(404)
    await revoke(job, id).expect(204)
    await revoke(job, id).expect(404)
    expect(await list(job)).toEqual([])
    const refused = await read(`/jobs/${job}`, `Bearer ${token}`).expect(401)
    expect(refused.body.detail).toBe('The share link is unknown or was revoked.')
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="descent", error="invalid_token"')
  })

  it('is stored as a hash of 256 random bits', async () => {
    const { token } = await share(await newQueued())
    const secret = token.slice('share_'.length + 32, -8)
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(await service.database.shareLink.findMany())).not.toContain(secret)
  })

  it('with one wrong character, of another job, or of no job is refused', async () => {
    const job = await newQueued()
    const { token } = await share(job)
    expect(readShareToken(token)?.jobId).toBe(job)
    expect(readKey(token)).toBeNull()
    for (let index = 0; index < token.length; index++) {
      const wrong = token[index] === '0' ? '1' : '0'
      expect(readShareToken(token.slice(0, index) + wrong + token.slice(index + 1)), `at ${index}`).toBeNull()
    }
    await read(`/jobs/${job}`, `Bearer ${token.slice(0, -1)}`).expect(401)
    for (const guessed of [job, await newQueued(), `job_${'0'.repeat(32)}`]) {
      await read(`/jobs/${guessed}`, `Bearer ${makeShareToken(guessed).text}`).expect(401)
    }
  })

  it('needs the scope jobs:write and a job of the tenant, which may have a limited number', async () => {
    const job = await newQueued()
    const reader = (await keyFor(service, 'reader', ['jobs:read'])).header
    await api().post(`/jobs/${job}/share-links`).set('authorization', reader).expect(403)
    for (const send of [api().post(`/jobs/${job}/share-links`), api().get(`/jobs/${job}/share-links`)]) {
      expect((await send.set('authorization', other)).body.code).toBe('not-found')
    }
    const answers = await Promise.all(
      Array.from({ length: maximumShareLinks + 3 }, () =>
        api().post(`/jobs/${job}/share-links`).set('authorization', owner),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(maximumShareLinks)
    expect(answers.filter(({ body }) => body.code === 'too-many-share-links')).toHaveLength(3)
  })

  it('is limited in number, also if several processes make links at once', async () => {
    const jobId = await newQueued()
    const second = openDatabase(service.connectionString)
    const processes = [service.shareLinks.of('owner'), shareLinkStore(second).of('owner')]
    const made = await Promise.allSettled(
      Array.from({ length: maximumShareLinks + 10 }, (_, index) =>
        processes[index % 2].create({ id: newId('shareLink'), jobId, sha256: '' }, byTest),
      ),
    )
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(maximumShareLinks)
    await second.$disconnect()
  })

  it('ends with its job', async () => {
    const { jobId } = await startJob(service, 'worker_a', { tenantId: 'owner' })
    const { header } = await share(jobId)
    await api().post(`/jobs/${jobId}/cancel`).set('authorization', owner).expect(200)
    await read(`/jobs/${jobId}`, header).expect(200)
    await api().delete(`/jobs/${jobId}`).set('authorization', owner).expect(204)
    await read(`/jobs/${jobId}`, header).expect(401)
  })

  it('works on a service without keys, which stays open to this machine', async () => {
    const open = await openApp()
    const { id } = await open.jobs.create(newJob())
    const { id: another } = await open.jobs.create(newJob())
    const { body } = await request(open.app.server).post(`/jobs/${id}/share-links`).expect(201)
    const visit = (job: string) =>
      request(open.app.server).get(`/jobs/${job}`).set('authorization', `Bearer ${body.token}`)
    await visit(id).expect(200)
    await visit(another).expect(403)
    await request(open.app.server).get(`/jobs/${another}`).expect(200)
    // A key closes the service to requests without one, but not to the link.
    await keyFor(open, 'someone', ['jobs:read'])
    await visit(id).expect(200)
    await open.close()
  })
})

describe('a visitor', () => {
  const allowed = [
    'GET /jobs/:id',
    'GET /jobs/:id/epochs',
    'GET /jobs/:id/stream',
    'POST /jobs/:id/stream-tickets',
  ]
  const open =
    /^GET \/(docs|health|problems|v2$|v2\/$|v2\/health|openapi\.json|asyncapi\.json)|^POST \/workshop\/join$/

  it('reads one job by the allowed routes, and is refused by all others', async () => {
    const claim = await startJob(service, 'worker_a', { tenantId: 'owner' })
    await service.runs.succeed(claim, linearModel())
    const { header } = await share(claim.jobId)
    const foreign = await newQueued()
    const send = async (route: string, id: string) => {
      const [method, path] = route.split(' ')
      const address = path.replace(':id', id).replaceAll(/:\w+/g, 'none')
      const headers = { authorization: header, accept: 'text/event-stream, application/json' }
      const answer = await fetch(url + address, { method, headers })
      await answer.body?.cancel()
      return answer.status
    }
    const routes = [...routesOf(service.app.printRoutes({ commonPrefix: false }))]
    const answering: string[] = []
    for (const route of routes.filter((each) => !open.test(each))) {
      const status = await send(route, claim.jobId)
      if (status !== 403) {
        answering.push(route)
        expect([200, 201], route).toContain(status)
      }
      expect(await send(route, foreign), `${route} of another job`).toBe(403)
    }
    expect(routes.length).toBeGreaterThan(80)
    expect(answering.toSorted()).toEqual(allowed.toSorted())
  })

  it('does not read HEAD, pages or streams of other jobs by a ticket', async () => {
    const { jobId, header } = await share(await newQueued())
    const { body } = await api()
      .post(`/jobs/${jobId}/stream-tickets`)
      .set('authorization', header)
      .expect(201)
    await api().get(`/stream?ticket=${body.ticket}`).expect(401)
    await api().head('/jobs').set('authorization', header).expect(403)
    const again = await api().post(`/jobs/${jobId}/stream-tickets`).set('authorization', header)
    await api()
      .get(`/jobs/${await newQueued()}/stream?ticket=${again.body.ticket}`)
      .expect(401)
  })

  it('reads no weights', async () => {
    const { jobId, header } = await share(await newQueued())
    await read(`/jobs/${jobId}/stream?boundary=4&weights=true`, header).expect(403)
  })

  it('watches the run until the link is revoked, with the header or a ticket', async () => {
    const { jobId, id, header } = await share(await newQueued())
    const another = await share(jobId)
    const address = `${url.replace('http', 'ws')}/jobs/${jobId}/stream`
    const byHeader = new WebSocket(address, { headers: { authorization: header } })
    expect(JSON.parse(String((await once(byHeader, 'message'))[0]))).toMatchObject({
      type: 'job',
      job: { id: jobId },
    })
    const { body } = await api().post(`/jobs/${jobId}/stream-tickets`).set('authorization', header)
    const byTicket = new WebSocket(`${url.replace('http', 'ws')}${body.stream}`)
    await once(byTicket, 'message')
    const byAnother = new WebSocket(address, { headers: { authorization: another.header } })
    await once(byAnother, 'message')
    const events = await fetch(`${url}/jobs/${jobId}/stream`, {
      headers: { authorization: header, accept: 'text/event-stream' },
    })
    const unused = await api().post(`/jobs/${jobId}/stream-tickets`).set('authorization', header)
    const closed = [once(byHeader, 'close'), once(byTicket, 'close')]
    await revoke(jobId, id).expect(204)
    expect((await api().get(unused.body.stream)).status).toBe(401)
    for (const close of closed) expect((await close)[0]).toBe(1008)
    await expect(events.text()).rejects.toThrow()
    // The stream of another link stays open to the end of the job.
    const end = once(byAnother, 'close')
    await api().post(`/jobs/${jobId}/cancel`).set('authorization', owner).expect(200)
    expect((await end)[0]).toBe(1000)
  })

  it('does not use up the requests and streams of the tenant', async () => {
    const settings = { ...generous, requestsPerMinute: 5, sockets: 1 }
    const limited = await openApp(20_000, undefined, null, settings)
    const key = (await keyFor(limited, 'owner', ['jobs:write'])).header
    const { id } = await limited.jobs.of('owner').create(newJob())
    const as = (header: string, path = '') =>
      request(limited.app.server).get(`/jobs/${id}${path}`).set('authorization', header)
    const { body } = await request(limited.app.server)
      .post(`/jobs/${id}/share-links`)
      .set('authorization', key)
    const visitor = `Bearer ${body.token}`
    for (let index = 0; index < 5; index++) await as(visitor).expect(200)
    await as(visitor).expect(429)
    for (let index = 0; index < 4; index++) await as(key).expect(200)
    await as(key).expect(429)
    await limited.close()
  })

  it('that guesses links is refused as one that guesses keys, and known links are not', async () => {
    const failures = new FailedAuthentications(3, [])
    const limited = await openApp(20_000, undefined, null, generous, failures)
    const key = (await keyFor(limited, 'owner', ['jobs:write'])).header
    const { id } = await limited.jobs.of('owner').create(newJob())
    const as = (header: string) => request(limited.app.server).get(`/jobs/${id}`).set('authorization', header)
    const { body } = await request(limited.app.server)
      .post(`/jobs/${id}/share-links`)
      .set('authorization', key)
    await as(`Bearer ${body.token}`).expect(200)
    for (let index = 0; index < 3; index++) await as(`Bearer ${makeShareToken(id).text}`).expect(401)
    await as(`Bearer ${makeShareToken(id).text}`).expect(429)
    await as(`Bearer ${body.token}`).expect(200)
    await limited.close()
  })
})
