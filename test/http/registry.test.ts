/** Names, versions and aliases of models, through the API. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aliasMoveSchema,
  aliasSchema,
  modelVersionSchema,
  parseModelReference,
  registeredModelSchema,
} from '../../src/contract/registry.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { float32Bytes, linearModel } from '../support/stores.js'

let service: RunningApp
let blue: { id: string; header: string }
let other: { id: string; header: string }
let red: { id: string; header: string }

beforeAll(async () => {
  service = await openApp()
  blue = await keyFor(service, 'blue', ['models:write', 'jobs:write', 'datasets:read'])
  other = await keyFor(service, 'blue', ['models:write'])
  red = await keyFor(service, 'red', ['models:write', 'jobs:write'])
})

afterAll(() => service.close())

interface Options {
  body?: object
  key?: { header: string }
  headers?: Record<string, string>
}

async function ask(method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', url: string, options: Options = {}) {
  const { body, key = blue, headers = {} } = options
  const answer = await service.app.inject({
    method,
    url,
    headers: { authorization: key.header, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body === '' ? null : answer.json(),
  }
}

/** A model whose prediction for 0, 0 is `bias`. */
async function modelOf(bias: number, tenantId = 'blue'): Promise<string> {
  const model = linearModel({ weights: float32Bytes([0, 0, bias]) })
  return (await service.models.of(tenantId).create(model)).id
}

const predictCsv = (reference: string) =>
  service.app.inject({
    method: 'POST',
    url: `/models/${reference}/predict`,
    headers: { authorization: blue.header, 'content-type': 'text/csv' },
    payload: 'a,b\n0,0\n',
  })

const register = (name: string, modelId: string, key = blue) =>
  ask('PUT', `/registry/${name}/versions`, { body: { modelId }, key })

const point = (place: string, version: number, headers: Record<string, string> = {}, key = blue) => {
  const [name, alias] = place.split('@')
  return ask('PUT', `/registry/${name}/aliases/${alias}`, { body: { version }, headers, key })
}

/** A name with as many versions, each predicting its number. */
async function registered(name: string, versions: number): Promise<string[]> {
  const ids: string[] = []
  for (let version = 1; version <= versions; version++) {
    const id = await modelOf(version)
    ids.push(id)
    expect((await register(name, id)).status).toBe(201)
  }
  return ids
}

describe('references', () => {
  it.each([
    [`mdl_${'a'.repeat(32)}`, { type: 'id', id: `mdl_${'a'.repeat(32)}` }],
    ['churn@current', { type: 'alias', name: 'churn', alias: 'current' }],
    ['house.prices_v-2@3', { type: 'version', name: 'house.prices_v-2', version: 3 }],
    ['churn', null],
    ['churn@', null],
    ['churn@0', null],
    ['churn@03', null],
    ['churn@3a', null],
    ['3@current', null],
    [`mdl_${'a'.repeat(32)}@current`, null],
    ['churn@current@3', null],
    ['churn@current\n', null],
    ['mdl_a', null],
  ])('%j', (text, expected) => {
    expect(parseModelReference(text)).toEqual(expected)
  })
})

describe('versions', () => {
  it('are numbered from 1, and a model keeps its version', async () => {
    const [first, second] = [await modelOf(1), await modelOf(2)]
    const one = await register('numbered', first)
    expect([one.status, one.headers.location]).toEqual([201, '/registry/numbered/versions/1'])
    expect(modelVersionSchema.parse(one.body)).toMatchObject({
      name: 'numbered',
      version: 1,
      modelId: first,
      status: 'candidate',
      aliases: [],
      keyId: blue.id,
    })
    expect((await register('numbered', second)).body.version).toBe(2)
    const again = await register('numbered', first)
    expect([again.status, again.body]).toEqual([200, one.body])
    const { body } = await ask('GET', '/registry/numbered/versions')
    expect(body.data.map(({ version }: { version: number }) => version)).toEqual([2, 1])
    expect(registeredModelSchema.parse((await ask('GET', '/registry/numbered')).body).lastVersion).toBe(2)
  })

  it('are numbered without gaps by concurrent requests', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, (_, bias) => modelOf(bias)))
    const answers = await Promise.all([...ids, ...ids].map((id) => register('raced', id)))
    const numbers = new Map(answers.map(({ body }) => [body.modelId, body.version]))
    expect([...numbers.values()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, n) => n + 1),
    )
    for (const { body } of answers) expect(body.version).toBe(numbers.get(body.modelId))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(12)
  })

  it('are listed by status, in pages', async () => {
    await registered('listed', 4)
    await point('listed@current', 3)
    const archived = await ask('PATCH', '/registry/listed/versions/1', { body: { status: 'archived' } })
    expect(archived.body.status).toBe('archived')
    const list = async (query: string) => {
      const { body } = await ask('GET', `/registry/listed/versions${query}`)
      return body.data.map(({ version, status }: { version: number; status: string }) => [version, status])
    }
    expect(await list('')).toEqual([
      [4, 'candidate'],
      [3, 'current'],
      [2, 'candidate'],
      [1, 'archived'],
    ])
    expect(await list('?status=candidate')).toEqual([
      [4, 'candidate'],
      [2, 'candidate'],
    ])
    expect(await list('?status=current')).toEqual([[3, 'current']])
    expect(await list('?status=archived')).toEqual([[1, 'archived']])
    const first = (await ask('GET', '/registry/listed/versions?limit=3')).body
    expect([first.hasMore, first.lastId]).toEqual([true, '2'])
    expect(await list('?limit=3&after=2')).toEqual([[1, 'archived']])
  })

  it('that are archived take no alias, and those with an alias cannot be archived', async () => {
    await registered('shelf', 2)
    const { body: alias } = await point('shelf@current', 1)
    const refused = await ask('PATCH', '/registry/shelf/versions/1', { body: { status: 'archived' } })
    expect([refused.status, refused.body.code]).toEqual([409, 'model-in-use'])
    expect(refused.body.detail).toContain('shelf@current')
    await ask('PATCH', '/registry/shelf/versions/2', { body: { status: 'archived' } })
    const moved = await point('shelf@current', 2, { 'if-match': alias.etag })
    expect([moved.status, moved.body.code]).toEqual([409, 'version-unavailable'])
    await ask('PATCH', '/registry/shelf/versions/2', { body: { status: 'candidate' } })
    expect((await point('shelf@current', 2, { 'if-match': alias.etag })).status).toBe(200)
  })
})

describe('aliases', () => {
  it('are created and moved by their etag only', async () => {
    await registered('guarded', 3)
    const created = await point('guarded@current', 1, { 'if-none-match': '*' })
    expect(created.status).toBe(201)
    const { etag } = aliasSchema.parse(created.body)
    expect(created.headers.etag).toBe(etag)
    expect((await ask('GET', '/registry/guarded/aliases/current')).headers.etag).toBe(etag)
    const refusals = [
      await point('guarded@current', 2),
      await point('guarded@current', 2, { 'if-none-match': '*' }),
      await point('guarded@current', 2, { 'if-match': '"0"' }),
      await point('guarded@current', 2, { 'if-match': `W/${etag}` }),
      await point('guarded@stable', 2, { 'if-match': etag }),
    ]
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      [428, 'precondition-required'],
      [412, 'precondition-failed'],
      [412, 'precondition-failed'],
      [412, 'precondition-failed'],
      [412, 'precondition-failed'],
    ])
    const moved = await point('guarded@current', 2, { 'if-match': `"0", ${etag}` })
    expect([moved.status, moved.body.version]).toEqual([200, 2])
    expect(moved.body.etag).not.toBe(etag)
    expect((await point('guarded@current', 3, { 'if-match': etag })).body.code).toBe('precondition-failed')
    expect((await point('guarded@current', 9, { 'if-match': moved.body.etag })).status).toBe(404)
    // The version that it has already: nothing changes.
    expect((await point('guarded@current', 2, { 'if-match': moved.body.etag })).body).toEqual(moved.body)
  })

  it('are moved by one of several concurrent requests with the same etag', async () => {
    await registered('contested', 8)
    const { body } = await point('contested@current', 1)
    const moves = [2, 3, 4, 5, 6, 7, 8].map((version) =>
      point('contested@current', version, { 'if-match': body.etag }),
    )
    const statuses = (await Promise.all(moves)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 412, 412, 412, 412, 412, 412])
  })

  it('keep a history of who moved them', async () => {
    await registered('told', 2)
    const created = await point('told@current', 1)
    const moved = await point('told@current', 2, { 'if-match': created.body.etag }, other)
    const back = await ask('POST', '/registry/told/aliases/current/rollback', {
      headers: { 'if-match': moved.body.etag },
    })
    expect([back.status, back.body.version, back.headers.etag]).toEqual([200, 1, back.body.etag])
    const stale = await ask('DELETE', '/registry/told/aliases/current', { headers: { 'if-match': '"1"' } })
    expect(stale.status).toBe(412)
    const deleted = await ask('DELETE', '/registry/told/aliases/current', {
      headers: { 'if-match': back.body.etag },
    })
    expect(deleted.status).toBe(204)
    const { body } = await ask('GET', '/registry/told/aliases/current/history')
    const moves = body.data.map((move: unknown) => aliasMoveSchema.parse(move))
    expect(
      moves.map(({ action, from, to, keyId }: (typeof moves)[number]) => [action, from, to, keyId]),
    ).toEqual([
      ['deleted', 1, null, blue.id],
      ['rolledBack', 2, 1, blue.id],
      ['moved', 1, 2, other.id],
      ['created', null, 1, blue.id],
    ])
    const page = (await ask('GET', '/registry/told/aliases/current/history?limit=3')).body
    const rest = (await ask('GET', `/registry/told/aliases/current/history?after=${page.lastId}`)).body
    expect([page.hasMore, rest.data.length, rest.hasMore]).toEqual([true, 1, false])
    expect((await ask('GET', '/registry/told/aliases/current')).status).toBe(404)
  })

  it('roll back to the version before their last move only', async () => {
    const [first] = await registered('rolled', 2)
    const { body: created } = await point('rolled@current', 1)
    const rollback = (etag?: string) =>
      ask('POST', '/registry/rolled/aliases/current/rollback', {
        headers: etag === undefined ? {} : { 'if-match': etag },
      })
    expect((await rollback(created.etag)).body.code).toBe('version-unavailable')
    const { body: moved } = await point('rolled@current', 2, { 'if-match': created.etag })
    expect((await rollback()).body.code).toBe('precondition-required')
    const { body: back } = await rollback(moved.etag)
    const { body: forth } = await rollback(back.etag)
    expect([back.version, forth.version]).toEqual([1, 2])
    expect((await ask('DELETE', `/models/${first}`)).status).toBe(204)
    const refused = await rollback(forth.etag)
    expect(refused.body).toMatchObject({ code: 'version-unavailable' })
    expect(refused.body.detail).toContain('was deleted')
  })

  it('are at most 20 of a name', async () => {
    await registered('crowded', 1)
    for (let count = 0; count < 20; count++) {
      expect((await point(`crowded@a${count}`, 1)).status).toBe(201)
    }
    const refused = await point('crowded@one-more', 1)
    expect([refused.status, refused.body.code]).toEqual([409, 'registry-full'])
  })

  it.each(['7', '7a', 'a b', 'a@b', `a${'b'.repeat(32)}`])('cannot be named %j', async (alias) => {
    const { status, body } = await ask('PUT', `/registry/any/aliases/${encodeURIComponent(alias)}`, {
      body: { version: 1 },
    })
    expect([status, body.code]).toEqual([400, 'invalid-request'])
  })
})

describe('models by name', () => {
  it('are found wherever an id is', async () => {
    const [first, second] = await registered('named', 2)
    await point('named@current', 2)
    for (const [reference, id, version] of [
      ['named@1', first, 1],
      ['named@current', second, 2],
      ['named%40current', second, 2],
    ] as const) {
      expect((await ask('GET', `/models/${reference}`)).body.id).toBe(id)
      const predicted = await ask('GET', `/models/${reference}/predict?x=0,0`)
      expect(predicted.body).toMatchObject({ modelId: id, version, predictions: [{ output: [version] }] })
      const posted = await ask('POST', `/models/${reference}/predict`, { body: { inputs: [[0, 0]] } })
      expect(posted.body).toEqual(predicted.body)
      const csv = await predictCsv(reference)
      expect(csv.body).toBe(`a,b,prediction\n0,0,${version}\n`)
      for (const { headers } of [predicted, posted, csv]) {
        expect([headers['model-id'], headers['model-version']]).toEqual([id, String(version)])
      }
      const evaluated = await ask('POST', `/models/${reference}/evaluate`, {
        body: { rows: [{ a: 0, b: 0, y: 0 }] },
      })
      expect(evaluated.body).toMatchObject({ modelId: id })
    }
    const byId = await ask('GET', `/models/${first}/predict?x=0,0`)
    expect(byId.body).not.toHaveProperty('version')
    for (const { headers } of [byId, await predictCsv(first)]) {
      expect(headers).not.toHaveProperty('model-id')
      expect(headers).not.toHaveProperty('model-version')
    }
  })

  it('are downloaded, and started from', async () => {
    const [first, second] = await registered('begun', 2)
    await point('begun@current', 2)
    const file = (reference: string) =>
      service.app.inject({ url: `/models/${reference}/weights`, headers: { authorization: blue.header } })
    expect((await file('begun@current')).rawPayload).toEqual((await file(second)).rawPayload)
    expect((await file('begun@1')).headers['content-disposition']).toContain(first)
    const job = await ask('POST', '/jobs', {
      body: {
        dataset: { x: [[1, 2]], y: [3] },
        network: { layers: [{ type: 'dense', units: 1 }] },
        loss: 'squaredError',
        epochs: 1,
        from: 'begun@current',
        fromMismatch: 'initialize',
      },
    })
    expect(job.status).toBe(202)
    expect(job.body.spec.from).toBe(second)
    const absent = await ask('POST', '/jobs', { body: { ...job.body.spec, from: 'begun@7' } })
    expect(absent.status).toBeGreaterThanOrEqual(400)
  })

  it('need an alias or a version', async () => {
    await registered('bare', 1)
    for (const reference of ['bare', 'bare@current', 'bare@2', 'absent@1', '@', 'bare@']) {
      const { status, body } = await ask('GET', `/models/${encodeURIComponent(reference)}/predict?x=0,0`)
      expect([status, body.code], reference).toEqual([404, 'not-found'])
    }
  })

  it('cannot be deleted while an alias points at them', async () => {
    const [first, second] = await registered('kept', 2)
    const { body: alias } = await point('kept@current', 2)
    for (const reference of [second, 'kept@current', 'kept@2']) {
      const { status, body } = await ask('DELETE', `/models/${reference}`)
      expect([status, body.code], reference).toEqual([409, 'model-in-use'])
      expect(body.detail).toContain('kept@current')
    }
    expect((await ask('DELETE', '/models/kept@1')).status).toBe(204)
    expect((await ask('GET', `/models/${first}`)).status).toBe(404)
    expect((await ask('GET', '/registry/kept/versions/1')).body).toMatchObject({ modelId: null })
    expect((await ask('GET', '/models/kept@1')).status).toBe(404)
    expect((await ask('DELETE', '/registry/kept')).body.code).toBe('model-in-use')
    await ask('DELETE', '/registry/kept/aliases/current', { headers: { 'if-match': alias.etag } })
    expect((await ask('DELETE', `/models/${second}`)).status).toBe(204)
    expect((await ask('DELETE', '/registry/kept')).status).toBe(204)
    expect((await ask('GET', '/registry/kept')).status).toBe(404)
  })

  it('are deleted or pointed at, never both, in a race', async () => {
    for (let round = 0; round < 15; round++) {
      const [id] = await registered(`race${round}`, 1)
      const [pointed, deleted] = await Promise.all([
        point(`race${round}@current`, 1),
        ask('DELETE', `/models/${id}`),
      ])
      const outcome = [pointed.status, deleted.status]
      expect([
        [201, 409],
        [409, 204],
      ]).toContainEqual(outcome)
    }
  })
})

describe('the versions of a model', () => {
  it('are one for each name, with the aliases that point at them', async () => {
    const [first, second] = await registered('several-b', 2)
    await register('several-a', second)
    await point('several-b@current', 2)
    await point('several-b@stable', 2)
    const { status, body } = await ask('GET', `/models/${second}/versions`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ object: 'list', hasMore: false })
    const shown = body.data.map((each: unknown) => {
      const { name, version, aliases } = modelVersionSchema.parse(each)
      return [name, version, aliases]
    })
    expect(shown).toEqual([
      ['several-a', 1, []],
      ['several-b', 2, ['current', 'stable']],
    ])
    expect((await ask('GET', '/models/several-b@current/versions')).body).toEqual(body)
    expect((await ask('GET', `/models/${first}/versions`)).body.data).toHaveLength(1)
    const unnamed = await modelOf(0)
    expect((await ask('GET', `/models/${unnamed}/versions`)).body).toMatchObject({ data: [], lastId: null })
    expect((await ask('GET', `/models/${second}/versions`, { key: red })).status).toBe(404)
  })
})

describe('another tenant', () => {
  it('finds none of these names, and has its own of the same name', async () => {
    const [mine] = await registered('shared', 1)
    await point('shared@current', 1)
    for (const url of [
      '/registry/shared',
      '/registry/shared/versions',
      '/registry/shared/versions/1',
      '/registry/shared/aliases/current',
      '/registry/shared/aliases/current/history',
      '/models/shared@current',
      '/models/shared@1/predict?x=0,0',
    ]) {
      const { status, body } = await ask('GET', url, { key: red })
      expect([status, body.code], url).toEqual([404, 'not-found'])
    }
    expect((await ask('GET', '/registry', { key: red })).body.data).toEqual([])
    expect((await register('shared', mine, red)).status).toBe(404)
    expect((await register('shared', 'shared@current', red)).status).toBe(404)
    const theirs = await modelOf(7, 'red')
    expect((await register('shared', theirs, red)).body.version).toBe(1)
    await point('shared@current', 1, {}, red)
    const predict = async (key: { header: string }) =>
      (await ask('GET', '/models/shared@current/predict?x=0,0', { key })).body
    const answers = await Promise.all([predict(red), predict(blue), predict(red), predict(blue)])
    expect(answers.map(({ modelId }) => modelId)).toEqual([theirs, mine, theirs, mine])
    const names = (await ask('GET', '/registry?limit=100')).body.data
    expect(names.map(({ name }: { name: string }) => name)).toContain('shared')
  })

  it('cannot learn of a name with a wrong key', async () => {
    await registered('secret', 1)
    const forged = blue.header.replace(/.(?=.{8}$)/, (digit) => (digit === '0' ? '1' : '0'))
    const { status } = await ask('GET', '/models/secret@1/predict?x=0,0', { key: { header: forged } })
    expect(status).toBe(401)
  })
})
