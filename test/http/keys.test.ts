/** Authentication: keys, scopes, stream tickets, origins. Isolation of tenants is in tenants.test.ts. */
import { once } from 'node:events'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { addImpliedScopes, type Scope, scopeSchema } from '../../src/contract/key.js'
import { makeKey, readKey } from '../../src/training/key-text.js'
import { newId } from '../../src/training/new-id.js'
import { unknownOrigin } from '../../src/training/ports/origin.js'
import { byTest } from '../support/actor.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { routesOf } from '../support/routes.js'
import { eventually } from '../support/service.js'
import { newJob } from '../support/stores.js'
import { sweepDefinition } from '../support/sweep-definition.js'
import { underLoad } from '../support/waiting.js'
import { type WatchingMany, watchMany } from '../support/watching-many.js'

let service: RunningApp
let url: string
let tenants = 0

const aTenant = () => `tenant-${++tenants}`
const api = () => request(service.app.server)
const every = scopeSchema.options

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

describe('a service without keys', () => {
  it('is open to this machine, as the tenant local', async () => {
    expect((await api().get('/jobs')).status).toBe(200)
  })

  it('accepts only host names of this machine, which prevents DNS rebinding', async () => {
    for (const host of ['localhost:3000', '127.0.0.1', '[::1]:80', 'allowed.example']) {
      expect((await api().get('/jobs').set('host', host)).status, host).toBe(200)
    }
    const answer = await api().get('/jobs').set('host', 'rebound.example:3000')
    expect(answer.body).toMatchObject({ status: 403, code: 'foreign-origin' })
    expect((await api().get('/health/live').set('host', 'rebound.example')).status).toBe(200)
  })

  it('needs a key as soon as one exists, and closes open streams', async () => {
    const { id } = await service.jobs.create(newJob())
    const socket = new WebSocket(`${url.replace('http', 'ws')}/jobs/${id}/stream`)
    await once(socket, 'message')
    const ticket = await api().post(`/jobs/${id}/stream-tickets`)
    expect(ticket.status).toBe(201)
    const closed = once(socket, 'close')
    await keyFor(service, aTenant(), ['jobs:read'])
    expect((await closed)[0]).toBe(1008)
    expect((await api().get('/jobs')).body).toMatchObject({ status: 401, code: 'unauthorized' })
    expect((await api().get(ticket.body.stream)).status).toBe(401)
  })
})

describe('a key', () => {
  it('gives access to its scopes', async () => {
    const { header } = await keyFor(service, aTenant(), ['jobs:read'])
    expect((await api().get('/jobs').set('authorization', header)).status).toBe(200)
  })

  it('with one wrong character is refused without a database lookup', async () => {
    const { text } = await keyFor(service, aTenant(), ['jobs:read'])
    expect(readKey(text)).not.toBeNull()
    for (let index = 0; index < text.length; index++) {
      const wrong = text[index] === '0' ? '1' : '0'
      expect(readKey(text.slice(0, index) + wrong + text.slice(index + 1)), `at ${index}`).toBeNull()
    }
  })

  it.each<[string, () => Promise<string> | string]>([
    ['mistyped', async () => (await keyFor(service, aTenant(), ['jobs:read'])).header.slice(0, -1)],
    ['unknown', () => `Bearer ${makeKey().text}`],
    ['of another kind', () => 'Basic YTpi'],
    ['empty', () => 'Bearer '],
    ['expired', async () => (await keyFor(service, aTenant(), ['jobs:read'], -1)).header],
    [
      'revoked',
      async () => {
        const { id, header } = await keyFor(service, aTenant(), ['jobs:read'])
        expect(await service.keys.revoke(id, byTest)).not.toBeNull()
        return header
      },
    ],
    [
      'with the name of one key and the secret of another',
      async () => {
        const { id } = await keyFor(service, aTenant(), ['jobs:read'])
        const other = makeKey()
        await service.database.key.update({ where: { id }, data: { id: other.id } })
        return `Bearer ${other.text}`
      },
    ],
  ])('that is %s is answered 401 with a challenge', async (_, header) => {
    const answer = await api()
      .get('/jobs')
      .set('authorization', await header())
    expect(answer.body).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="descent", error="invalid_token"')
  })

  it('is not stored in the database', async () => {
    const { text } = await keyFor(service, aTenant(), ['jobs:read'])
    const rows = JSON.stringify(await service.database.key.findMany())
    const secret = text.slice('descent_'.length + 32, -8)
    expect(secret).toHaveLength(64)
    expect(rows).not.toContain(secret)
  })

  it('can have one replacement, also under concurrent requests', async () => {
    const tenant = aTenant()
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, () => keyFor(service, tenant, ['jobs:read'])),
    )
    const keys = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(keys).toHaveLength(2)
    await expect(keyFor(service, tenant, ['jobs:read'])).rejects.toThrow('Revoke one of')
    await service.keys.revoke(keys[0]?.id ?? '', byTest)
    await expect(keyFor(service, tenant, ['jobs:read'])).resolves.toBeDefined()
  })
})

/** The protocol of this route has documents of another kind. */
const undocumented = '/mcp'

/** The scope of a route in the OpenAPI document. */
async function needs(): Promise<
  { route: string; method: string; path: string; scope: Scope | 'any' | 'public' }[]
> {
  const { paths } = service.app.swagger()
  return [...routesOf(service.app.printRoutes({ commonPrefix: false }))].flatMap((route) => {
    const [method, path] = route.split(' ')
    if (/^\/docs|\/(openapi|asyncapi)\.json$|^\/v2\/$/.test(path)) return []
    if (path === undocumented) return [{ route, method, path, scope: 'any' as const }]
    const documented = Object.entries(paths?.[path.replaceAll(/:(\w+)/g, '{$1}')] ?? {})
    const operation = documented.find(([name]) => name === method.toLowerCase())?.[1]
    const said = /Needs the scope `([a-z:]+)`/.exec(JSON.stringify(operation))?.[1]
    const unsaid = JSON.stringify(operation).includes('Needs a key that may do more than predict.')
      ? 'any'
      : 'public'
    return [{ route, method, path, scope: said === undefined ? unsaid : scopeSchema.parse(said) }]
  })
}

describe('every route', () => {
  const sentMethods = ['GET', 'DELETE', 'PATCH', 'PUT'] as const
  const send = (method: string, path: string, header?: string) =>
    service.app.inject({
      method: sentMethods.find((each) => each === method) ?? 'POST',
      url: path.replaceAll(/:\w+/g, 'none'),
      ...(header === undefined ? {} : { headers: { authorization: header } }),
    })

  it('has a scope or is public, and needs a key', async () => {
    const routes = await needs()
    const open = routes.filter(({ scope }) => scope === 'public').map(({ route }) => route)
    expect(open.toSorted()).toEqual([
      'GET /health/live',
      'GET /health/ready',
      'GET /problems',
      'GET /problems/:code',
      'GET /v2',
      'GET /v2/health/live',
      'GET /v2/health/ready',
      'POST /workshop/join',
    ])
    expect(routes.length - open.length).toBeGreaterThan(20)
    for (const { route, method, path, scope } of routes) {
      const { statusCode, headers } = await send(method, path)
      if (scope === 'public') expect(statusCode, route).not.toBe(401)
      else expect([statusCode, headers['www-authenticate']], route).toEqual([401, 'Bearer realm="descent"'])
    }
  })

  /** Routes that always need several scopes: those besides the first. */
  const further: Readonly<Record<string, Scope[]>> = {
    'GET /jobs/:id/rows/changed': ['models:read'],
    'GET /jobs/:id/rows/worst': ['models:read'],
    'GET /jobs/:id/dependence': ['models:read'],
    'POST /jobs/:id/epochs/:epoch/model': ['models:read'],
    'POST /jobs/:id/test': ['models:read', 'datasets:read'],
    'GET /jobs/:id/repeats/predictions': ['datasets:read'],
  }

  it('refuses a key with all other scopes, and accepts one with only its scopes', async () => {
    const keys = new Map(
      await Promise.all(
        every.map(async (scope) => {
          const replacing: Scope[] = scope === 'metrics:read' ? ['admin'] : []
          const others = every.filter(
            (each) => !addImpliedScopes([each]).has(scope) && !replacing.includes(each),
          )
          const without = await keyFor(service, aTenant(), others)
          return [scope, { without, only: await keyFor(service, aTenant(), [scope]) }] as const
        }),
      ),
    )
    for (const { route, method, path, scope } of await needs()) {
      if (scope === 'public' || scope === 'any') continue
      const key = keys.get(scope)
      const refused = await send(method, path, key?.without.header)
      expect(refused.statusCode, route).toBe(403)
      const { code, detail, error = detail } = refused.json()
      expect(code, route).toBe(path.startsWith('/v2/') ? undefined : 'forbidden')
      expect(error).toContain(`This key lacks the scope ${scope}. Use a key that has it.`)
      expect(refused.headers['www-authenticate']).toContain(`scope="${scope}"`)
      const only =
        route in further ? await keyFor(service, aTenant(), [scope, ...(further[route] ?? [])]) : key?.only
      const let_in = await send(method, path, only?.header)
      expect([401, 403], `${route}: ${let_in.body}`).not.toContain(let_in.statusCode)
    }
  })
})

describe('the limits of a tenant', () => {
  it('are shown to a key with any scope but models:predict', async () => {
    const open = (await needs()).filter(({ scope, path }) => scope === 'any' && path !== undocumented)
    expect(open.map(({ route }) => route)).toEqual(['GET /limits'])
    for (const scope of every) {
      const { header } = await keyFor(service, aTenant(), [scope])
      const { status } = await api().get('/limits').set('authorization', header)
      expect(status, scope).toBe(scope === 'models:predict' ? 403 : 200)
    }
  })
})

describe('a stream', () => {
  const streamOf = (id: string, query = '') => `${url.replace('http', 'ws')}/jobs/${id}/stream${query}`

  /** Returns `open`, or the status of the refused upgrade. */
  async function tryStream(address: string, headers: Record<string, string> = {}): Promise<number | 'open'> {
    const socket = new WebSocket(address, { headers })
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        resolve('open')
        socket.terminate()
      })
      socket.once('unexpected-response', (_, answer) => {
        resolve(answer.statusCode ?? 0)
        socket.once('error', () => {})
        socket.terminate()
      })
      socket.once('error', reject)
    })
  }

  async function watched() {
    const tenant = aTenant()
    const key = await keyFor(service, tenant, ['jobs:read'])
    const { id } = await service.jobs.of(tenant).create(newJob())
    const ticket = async () => {
      const { body } = await api()
        .post(`/jobs/${id}/stream-tickets`)
        .set('authorization', key.header)
        .expect(201)
      return body
    }
    return { tenant, key, id, ticket }
  }

  it('opens for a key in the header, without an Origin', async () => {
    const { key, id } = await watched()
    expect(await tryStream(streamOf(id), { authorization: key.header })).toBe('open')
    expect(await tryStream(streamOf(id))).toBe(401)
  })

  it('opens once for a stream ticket of this job', async () => {
    const { id, ticket } = await watched()
    const first = await ticket()
    expect(new Date(first.expiresAt).getTime() - Date.now()).toBeLessThanOrEqual(30_000)
    expect(await tryStream(url.replace('http', 'ws') + first.stream)).toBe('open')
    expect(await tryStream(url.replace('http', 'ws') + first.stream)).toBe(401)
    const other = await watched()
    const second = await ticket()
    expect(await tryStream(streamOf(other.id, `?ticket=${second.ticket}`))).toBe(401)
    expect(await tryStream(streamOf(id, `?ticket=${second.ticket}`))).toBe(401)
  })

  it('opens once for a stream ticket under concurrent requests', async () => {
    const { ticket } = await watched()
    const { stream } = await ticket()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => tryStream(url.replace('http', 'ws') + stream)),
    )
    expect(answers.filter((answer) => answer === 'open')).toHaveLength(1)
    expect(answers.filter((answer) => answer === 401)).toHaveLength(19)
  })

  it('does not open for an expired stream ticket, or one of a revoked key', async () => {
    const { key, ticket } = await watched()
    const old = await ticket()
    await service.database.streamTicket.updateMany({ data: { expiresAt: new Date(Date.now() - 1_000) } })
    expect(await tryStream(url.replace('http', 'ws') + old.stream)).toBe(401)
    const revoked = await ticket()
    await service.keys.revoke(key.id, byTest)
    expect(await tryStream(url.replace('http', 'ws') + revoked.stream)).toBe(401)
  })

  it('is closed within 5 s when its key is revoked or expires, by WebSocket and by server-sent events', async () => {
    for (const how of ['revoked', 'expired'] as const) {
      const { key, id, ticket } = await watched()
      const byKey = new WebSocket(streamOf(id), { headers: { authorization: key.header } })
      await once(byKey, 'message')
      const byTicket = new WebSocket(url.replace('http', 'ws') + (await ticket()).stream)
      await once(byTicket, 'message')
      const events = await fetch(`${url}/jobs/${id}/stream`, {
        headers: { authorization: key.header, accept: 'text/event-stream' },
      })
      const closed = Promise.all([once(byKey, 'close'), once(byTicket, 'close')])
      const cut = expect(events.text()).rejects.toThrow()
      const begin = Date.now()
      if (how === 'revoked') await service.keys.revoke(key.id, byTest)
      else await service.database.key.update({ where: { id: key.id }, data: { expiresAt: new Date(begin) } })
      const codes = (await closed).map(([code]) => code)
      await cut
      expect(codes).toEqual([1008, 1008])
      expect(Date.now() - begin).toBeLessThan(underLoad(5_000))
    }
  })

  it('keeps the streams of other keys open', async () => {
    const kept = await watched()
    const revoked = await watched()
    const socket = new WebSocket(streamOf(kept.id), { headers: { authorization: kept.key.header } })
    const other = new WebSocket(streamOf(revoked.id), { headers: { authorization: revoked.key.header } })
    await Promise.all([once(socket, 'message'), once(other, 'message')])
    const closed = once(other, 'close')
    await service.keys.revoke(revoked.key.id, byTest)
    await closed
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
  })

  it.each([
    ['its own pages', 'own', 'open'],
    ['pages that the settings name', 'https://allowed.example', 'open'],
    ['other pages', 'https://evil.example', 403],
    ['pages from nowhere', 'null', 403],
    ['another port', 'http://127.0.0.1:1', 403],
  ] as const)('answers %s as it should', async (_, page, expected) => {
    const origin = page === 'own' ? url : page
    const { key, id } = await watched()
    expect(await tryStream(streamOf(id), { authorization: key.header, origin })).toBe(expected)
    const posted = await api()
      .post(`/jobs/${id}/cancel`)
      .set({ authorization: (await keyFor(service, aTenant(), ['jobs:write'])).header, origin })
    // Accepted requests reach the job, which belongs to another tenant.
    expect(posted.status).toBe(expected === 'open' ? 404 : 403)
  })

  it('deletes unused stream tickets', async () => {
    const { ticket } = await watched()
    await ticket()
    await service.database.streamTicket.updateMany({ data: { expiresAt: new Date(0) } })
    await service.tickets.cleanUp()
    expect(await service.database.streamTicket.count()).toBe(0)
  })
})

describe('the stream of many jobs', () => {
  async function jobsOf(count: number) {
    const tenant = aTenant()
    const key = await keyFor(service, tenant, ['jobs:read'])
    const ids = await Promise.all(
      Array.from({ length: count }, async () => (await service.jobs.of(tenant).create(newJob())).id),
    )
    const ticket = async (): Promise<string> => {
      const { body } = await api().post('/stream-tickets').set('authorization', key.header).expect(201)
      expect(body.stream).toBe(`/stream?ticket=${body.ticket}`)
      return body.ticket
    }
    return { tenant, key, ids, ticket }
  }

  const status = async (query: string) =>
    (await fetch(`${url}/stream${query}`, { headers: { accept: 'text/event-stream' } })).status

  it('shows each tenant only its own jobs, by key and by stream ticket', async () => {
    const [mine, yours] = [await jobsOf(2), await jobsOf(2)]
    const all = [...mine.ids, ...yours.ids]
    const seen = async (watching: WatchingMany) => {
      await eventually(() => watching.messages.length === all.length || undefined)
      watching.socket.terminate()
      return all.filter((id) => watching.of(id)[0]?.type === 'job')
    }
    for (const { key, ids, ticket } of [mine, yours]) {
      const byKey = watchMany(url, `?jobs=${all}`, { headers: { authorization: key.header } })
      expect(await seen(byKey)).toEqual(ids)
      const byTicket = watchMany(url, `?ticket=${await ticket()}`)
      await byTicket.opened
      byTicket.say({ type: 'watch', jobs: all.map((id) => ({ id })) })
      expect(await seen(byTicket)).toEqual(ids)
    }
  })

  it('shares its tickets with the streams of sweeps', async () => {
    const { tenant, ticket } = await jobsOf(1)
    const definition = sweepDefinition({ spec: {}, parameters: [{ path: '/batchSize', values: [1] }] })
    const sweep = { ...unknownOrigin, id: newId('sweep'), name: null, definition, trials: 1 }
    await service.sweeps.of(tenant).create(sweep)
    const open = async (query: string) => {
      const response = await fetch(`${url}/sweeps/${sweep.id}/stream${query}`, {
        headers: { accept: 'text/event-stream' },
      })
      await response.body?.cancel()
      return response.status
    }
    const first = await ticket()
    expect([await open(''), await open(`?ticket=${first}`), await open(`?ticket=${first}`)]).toEqual([
      401, 200, 401,
    ])
  })

  it('opens once for its own stream ticket, and not for one of a single job', async () => {
    const { key, ids, ticket } = await jobsOf(1)
    const [id = ''] = ids
    const first = await ticket()
    const watching = watchMany(url, `?ticket=${first}`)
    await watching.opened
    watching.socket.terminate()
    expect(await status(`?jobs=${id}&ticket=${first}`)).toBe(401)
    const { body } = await api()
      .post(`/jobs/${id}/stream-tickets`)
      .set('authorization', key.header)
      .expect(201)
    expect(await status(`?jobs=${id}&ticket=${body.ticket}`)).toBe(401)
    expect((await fetch(`${url}/jobs/${id}/stream?ticket=${await ticket()}`)).status).toBe(401)
    const revoked = await ticket()
    await service.keys.revoke(key.id, byTest)
    expect(await status(`?jobs=${id}&ticket=${revoked}`)).toBe(401)
  })

  it('is closed when its key is revoked, by WebSocket and by server-sent events', async () => {
    const { key, ids, ticket } = await jobsOf(2)
    const headers = { authorization: key.header }
    const sockets = [
      watchMany(url, `?jobs=${ids}`, { headers }),
      watchMany(url, '', { headers }),
      watchMany(url, `?jobs=${ids}&ticket=${await ticket()}`),
    ]
    await Promise.all(sockets.map(({ opened }) => opened))
    const events = await fetch(`${url}/stream?jobs=${ids}`, {
      headers: { ...headers, accept: 'text/event-stream' },
    })
    const cut = expect(events.text()).rejects.toThrow()
    await service.keys.revoke(key.id, byTest)
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual([1008, 1008, 1008])
    await cut
  })
})

describe('a service whose keys are deleted', () => {
  it('is open again', async () => {
    const keys = await service.keys.listAll()
    for (const { id, status } of keys) {
      if (status === 'live') await service.keys.revoke(id, byTest)
      expect(await service.keys.delete(id, byTest)).toBe(true)
    }
    await eventually(async () => ((await api().get('/jobs')).status === 200 ? true : undefined))
  })
})
