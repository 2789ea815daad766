/** Names, notes, tags and metadata of jobs and models: changed, shown, and listed by them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labelLimits } from '../../src/contract/labels.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, newJob } from '../support/stores.js'

let service: RunningApp
let blue: string
let red: string

beforeAll(async () => {
  service = await openApp()
  blue = (await keyFor(service, 'blue', ['models:write', 'jobs:write'])).header
  red = (await keyFor(service, 'red', ['models:write', 'jobs:write'])).header
})

afterAll(() => service.close())

async function ask(method: 'GET' | 'PATCH' | 'DELETE', url: string, payload?: object, key = blue) {
  const options = {
    method,
    url,
    headers: { authorization: key },
    ...(payload === undefined ? {} : { payload }),
  }
  const answer = await service.app.inject(options)
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
}

const kinds = [
  {
    kind: 'models',
    create: async (tenantId = 'blue') => (await service.models.of(tenantId).create(linearModel())).id,
  },
  {
    kind: 'jobs',
    create: async (tenantId = 'blue') => (await service.jobs.of(tenantId).create(newJob())).id,
  },
]

describe.each(kinds)('$kind', ({ kind, create }) => {
  const idsOf = async (query: string, key = blue): Promise<string[]> => {
    const { status, body } = await ask('GET', `/${kind}?${query}`, undefined, key)
    expect(status, JSON.stringify(body)).toBe(200)
    return body.data.map(({ id }: { id: string }) => id)
  }

  it('have none at first, and each field can be changed alone', async () => {
    const id = await create()
    const before = (await ask('GET', `/${kind}/${id}`)).body
    expect(before).toMatchObject({ name: null, notes: null, tags: [], metadata: {} })
    const changed = await ask('PATCH', `/${kind}/${id}`, {
      name: 'first',
      metadata: { team: 'a', city: 'x' },
    })
    expect(changed.body).toMatchObject({ name: 'first', notes: null, metadata: { team: 'a', city: 'x' } })
    await ask('PATCH', `/${kind}/${id}`, { notes: 'a\nb', tags: ['t', 'u'] })
    await ask('PATCH', `/${kind}/${id}`, { metadata: { team: 'b', city: null, none: null }, name: null })
    const { body } = await ask('GET', `/${kind}/${id}`)
    expect(body).toEqual({ ...before, notes: 'a\nb', tags: ['t', 'u'], metadata: { team: 'b' } })
  })

  it.each([
    [{}, ''],
    [{ tags: ['a', 'a'] }, '/tags'],
    [{ tags: Array.from({ length: labelLimits.tags + 1 }, (_, index) => `t${index}`) }, '/tags'],
    [{ tags: [''] }, '/tags/0'],
    [{ tags: ['x'.repeat(labelLimits.tagCharacters + 1)] }, '/tags/0'],
    [{ notes: 'x'.repeat(labelLimits.notesCharacters + 1) }, '/notes'],
    [{ notes: 'a\0' }, '/notes'],
    [{ metadata: { a: 1 } }, '/metadata/a'],
    [{ name: '' }, '/name'],
    [{ notes: 'a', colour: 'red' }, '/colour'],
  ])('refuse %j', async (change, pointer) => {
    const { status, body } = await ask('PATCH', `/${kind}/${await create()}`, change)
    expect([status, body.code]).toEqual([400, 'invalid-request'])
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer])
  })

  it('have at most 16 pairs after a change', async () => {
    const id = await create()
    const pairs = Object.fromEntries(
      Array.from({ length: labelLimits.pairs }, (_, index) => [`k${index}`, 'v']),
    )
    expect((await ask('PATCH', `/${kind}/${id}`, { metadata: pairs })).status).toBe(200)
    const refused = await ask('PATCH', `/${kind}/${id}`, { metadata: { more: 'v' } })
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/metadata'])
    const replaced = await ask('PATCH', `/${kind}/${id}`, { metadata: { more: 'v', k0: null } })
    expect(Object.keys(replaced.body.metadata)).toHaveLength(labelLimits.pairs)
  })

  it('keep every concurrent change', async () => {
    const id = await create()
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`)
    await Promise.all(keys.map((key) => ask('PATCH', `/${kind}/${id}`, { metadata: { [key]: key } })))
    const expected = Object.fromEntries(keys.map((key) => [key, key]))
    expect((await ask('GET', `/${kind}/${id}`)).body.metadata).toEqual(expected)
  })

  it('are listed by name, tags and metadata, newest first, in pages', async () => {
    const ids: string[] = []
    for (let index = 0; index < 6; index++) {
      const id = await create()
      ids.unshift(id)
      await ask('PATCH', `/${kind}/${id}`, {
        name: `item ${index}%`,
        tags: ['searched', index % 2 === 0 ? 'even' : 'odd'],
        metadata: { third: String(index % 3), 'a=b': 'c' },
      })
    }
    const [five, four, three, two, one, zero] = ids
    expect(await idsOf('tag=searched')).toEqual(ids)
    expect(await idsOf('tag=searched&tag=even')).toEqual([four, two, zero])
    expect(await idsOf('metadata=third=0')).toEqual([three, zero])
    expect(await idsOf('metadata=third%3D0&tag=odd')).toEqual([three])
    expect(await idsOf('metadata=third=0&metadata=third=1')).toEqual([])
    expect(await idsOf('tag=odd&name=ITEM 5%25')).toEqual([five])
    expect(await idsOf('name=item 1%25')).toEqual([one])
    expect(await idsOf('tag=absent')).toEqual([])
    // The key is what precedes the first `=`.
    expect(await idsOf('metadata=a=b=c')).toEqual([])
    const first = (await ask('GET', `/${kind}?tag=searched&limit=4`)).body
    expect([first.data.length, first.hasMore]).toEqual([4, true])
    expect(await idsOf(`tag=searched&limit=4&after=${encodeURIComponent(first.lastId)}`)).toEqual([one, zero])
    expect(await idsOf(`tag=searched&after=${two}`)).toEqual([one, zero])
    await ask('PATCH', `/${kind}/${two}`, { tags: ['even'] })
    expect(await idsOf('tag=searched')).toEqual([five, four, three, one, zero])
    expect(await idsOf('tag=even')).toEqual([four, two, zero])
    expect((await ask('GET', `/${kind}?metadata=third`)).status).toBe(400)
  })

  it('are not listed after their deletion', async () => {
    const id = await create()
    await ask('PATCH', `/${kind}/${id}`, { tags: ['short-lived'], metadata: { a: 'b' } })
    expect(await idsOf('tag=short-lived')).toEqual([id])
    if (kind === 'jobs') await service.jobs.of('blue').cancel(id)
    expect((await ask('DELETE', `/${kind}/${id}`)).status).toBe(204)
    expect(await idsOf('tag=short-lived')).toEqual([])
    expect(await service.database.label.count({ where: { itemId: id } })).toBe(0)
  })

  it('of another tenant are neither changed nor listed', async () => {
    const id = await create()
    await ask('PATCH', `/${kind}/${id}`, { name: 'mine', tags: ['private'] })
    expect((await ask('PATCH', `/${kind}/${id}`, { tags: [] }, red)).status).toBe(404)
    expect(await idsOf('tag=private', red)).toEqual([])
    expect(await idsOf('name=mine', red)).toEqual([])
    expect(await idsOf('tag=private')).toEqual([id])
  })
})

it('the metadata of new jobs is found, and the tags of a job are not those of a model', async () => {
  const { id } = await service.jobs.of('blue').create(newJob({ metadata: { origin: 'request' } }))
  const model = await service.models.of('blue').create(linearModel())
  await ask('PATCH', `/models/${model.id}`, { tags: ['of-a-model'] })
  expect((await ask('GET', '/jobs?metadata=origin=request')).body.data).toMatchObject([{ id }])
  expect((await ask('GET', '/jobs?tag=of-a-model')).body.data).toEqual([])
  expect((await ask('GET', '/models?tag=of-a-model')).body.data).toMatchObject([{ id: model.id }])
})
