/** Keys that may only predict named models: they can do nothing else, and other models do not exist for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scopeSchema } from '../../src/contract/key.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { routesOf } from '../support/routes.js'
import { linearModel, storeModel } from '../support/stores.js'

let service: RunningApp
let named: string
let other: string
let header: string

beforeAll(async () => {
  service = await openApp()
  named = (await storeModel(service)).id
  other = (await storeModel(service)).id
  header = (await keyFor(service, 'local', ['models:predict'], null, [named])).header
})

afterAll(() => service.close())

const tensors = ['a', 'b'].map((name, index) => {
  return { name, shape: [1, 1], datatype: 'FP64', data: [index + 1] }
})

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

function send(route: string, id: string, authorization = header) {
  const [verb, path] = route.split(' ')
  const method = methods.find((each) => each === verb)
  if (method === undefined) throw new Error(`${route} has another method`)
  const url = path.replaceAll(/:\w+/g, id)
  const query = /predict$/.test(path) && method === 'GET' ? '?x=1,2' : ''
  const payload = method === 'POST' ? { inputs: path.startsWith('/v2') ? tensors : [[1, 2]] } : undefined
  return service.app.inject({
    method,
    url: url + query,
    headers: { authorization },
    ...(payload === undefined ? {} : { payload }),
  })
}

const routes = () => [...routesOf(service.app.printRoutes({ commonPrefix: false }))]
const isPublic = (route: string) =>
  /^GET \/(docs|health|problems|v2$|v2\/$|v2\/health|openapi\.json|asyncapi\.json)/.test(route) ||
  route === 'POST /workshop/join'
const predicting = ['GET /models/:id/predict', 'POST /models/:id/predict']
const inferring = ['GET /v2/models/:name', 'GET /v2/models/:name/ready', 'POST /v2/models/:name/infer']
const ofVersions = [
  'GET /v2/models/:name/versions/:version',
  'GET /v2/models/:name/versions/:version/ready',
  'POST /v2/models/:name/versions/:version/infer',
]
const allowed = [...predicting, ...inferring, ...ofVersions]

describe('a key that may only predict named models', () => {
  it.each(predicting)('predicts the named model by %s', async (route) => {
    const answer = await send(route, named)
    expect(answer.json()).toEqual({ modelId: named, predictions: [{ output: [9] }] })
  })

  it.each(predicting)('does not learn by %s whether another model exists', async (route) => {
    const existing = await send(route, other)
    const absentId = `mdl_${'0'.repeat(32)}`
    const absent = await send(route, absentId)
    expect(existing.json()).toMatchObject({ status: 404, code: 'not-found' })
    const comparable = ({ body }: typeof absent, id: string) => {
      const { traceId, ...rest } = JSON.parse(body.replaceAll(id, 'ID'))
      return rest
    }
    expect(comparable(existing, other)).toEqual(comparable(absent, absentId))
  })

  it.each(inferring)('answers %s for the named model', async (route) => {
    const answer = await send(route, named)
    expect([answer.statusCode, answer.body]).toEqual([200, expect.stringContaining(named)])
    const existing = await send(route, other)
    const absentId = `mdl_${'0'.repeat(32)}`
    expect([existing.statusCode, existing.json()]).toEqual([404, { error: `There is no model ${other}.` }])
    expect((await send(route, absentId)).json()).toEqual({ error: `There is no model ${absentId}.` })
  })

  it.each(ofVersions)('finds no version by %s', async (route) => {
    for (const id of [named, other]) expect((await send(route, id)).statusCode).toBe(404)
  })

  it('can do nothing else', async () => {
    const refused = routes().filter((route) => !allowed.includes(route) && !isPublic(route))
    expect(refused.length).toBeGreaterThan(40)
    for (const route of refused) {
      const answer = await send(route, named)
      expect(answer.statusCode, `${route}: ${answer.body}`).toBe(403)
      expect(answer.json(), route).toMatchObject({ code: 'forbidden' })
    }
  })

  it('opens no stream with its ticket', async () => {
    for (const url of ['/stream-tickets', `/jobs/job_${'0'.repeat(32)}/stream-tickets`]) {
      const answer = await service.app.inject({ method: 'POST', url, headers: { authorization: header } })
      expect(answer.statusCode).toBe(403)
    }
  })
})

describe('a key that may only predict a name', () => {
  it('predicts the model of the alias, but by no other name or id', async () => {
    const key = await keyFor(service, 'names', ['models:predict'], null, ['line@current'])
    const writer = await keyFor(service, 'names', ['models:write'])
    const { id } = await service.models.of('names').create(linearModel())
    const put = (url: string, payload: object, headers = {}) =>
      service.app.inject({
        method: 'PUT',
        url: `/registry/line${url}`,
        payload,
        headers: { authorization: writer.header, ...headers },
      })
    await put('/versions', { modelId: id })
    await put('/aliases/current', { version: 1 }, { 'if-none-match': '*' })
    await put('/aliases/candidate', { version: 1 }, { 'if-none-match': '*' })
    const status = async (route: string, name: string) => (await send(route, name, key.header)).statusCode
    expect(await status('POST /models/:id/predict', 'line@current')).toBe(200)
    expect(await status('POST /v2/models/:name/infer', 'line')).toBe(200)
    for (const name of [id, 'line@1', 'line@candidate']) {
      expect(await status('POST /models/:id/predict', name), name).toBe(404)
      expect((await send('POST /models/:id/predict', name, writer.header)).statusCode, name).toBe(200)
    }
    expect(await status('POST /v2/models/line/versions/1/infer', '')).toBe(404)
  })
})

describe('the scope models:predict', () => {
  it('without named models predicts every model of the tenant, and is part of models:read', async () => {
    for (const scope of ['models:predict', 'models:read', 'models:write'] as const) {
      const tenant = `tenant-${scope.replace(':', '-')}`
      const { id } = await service.models.of(tenant).create(linearModel())
      const key = await keyFor(service, tenant, [scope])
      expect((await send('POST /models/:id/predict', id, key.header)).statusCode, scope).toBe(200)
      expect((await send('POST /models/:id/predict', named, key.header)).statusCode, scope).toBe(404)
      expect((await send('GET /models/:id', id, key.header)).statusCode, scope).toBe(
        scope === 'models:predict' ? 403 : 200,
      )
    }
  })

  it('is the only one of a key with named models', async () => {
    for (const scope of scopeSchema.options) {
      if (scope === 'models:predict') continue
      for (const scopes of [[scope], ['models:predict' as const, scope]]) {
        await expect(keyFor(service, 'limited', scopes, null, [named])).rejects.toThrow('Key_models_check')
      }
    }
  })
})

describe('a tenant', () => {
  it('has two ordinary live keys, and twenty with named models', async () => {
    const models = [named]
    await Promise.all(
      Array.from({ length: 20 }, () => keyFor(service, 'pages', ['models:predict'], null, models)),
    )
    await expect(keyFor(service, 'pages', ['models:predict'], null, models)).rejects.toThrow(
      'Tenant pages has 20 of 20 live keys with models. Revoke one of key_',
    )
    await keyFor(service, 'pages', ['models:read'])
    await keyFor(service, 'pages', ['models:predict'])
    await expect(keyFor(service, 'pages', ['models:read'])).rejects.toThrow('has 2 of 2 live keys. Revoke')
  })
})
