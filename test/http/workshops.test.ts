/** Workshops: who joins, what each sees, and what the teacher controls. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  codeLetters,
  membershipSchema,
  workshopDetailSchema,
  workshopLimits,
} from '../../src/contract/workshop.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, startJob } from '../support/stores.js'

let service: RunningApp
let teacher: string

beforeAll(async () => {
  service = await openApp()
  teacher = (await keyFor(service, 'teacher', ['workshops:write'])).header
})

afterAll(() => service.close())

const job = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

type Method = 'get' | 'post' | 'patch' | 'delete'
function send(method: Method, path: string, authorization: string | null, body?: object) {
  const sent = request(service.app.server)[method](path)
  if (authorization !== null) sent.set('authorization', authorization)
  return body === undefined ? sent : sent.send(body)
}

const open = async (body: object = {}) => (await send('post', '/workshops', teacher, body).expect(201)).body

async function join(code: string, nickname: string) {
  const { body } = await send('post', '/workshop/join', null, { code, nickname }).expect(201)
  return `Bearer ${body.key}`
}

const tenantOf = async (nickname: string) =>
  (await service.database.participant.findFirstOrThrow({ where: { nickname } })).tenantId

describe('a workshop', () => {
  it('has a code that is easy to read, and expires', async () => {
    const workshop = await open({ name: 'Monday', hours: 4, spec: job })
    expect(workshop).toMatchObject({ name: 'Monday', spec: job, participantCount: 0 })
    expect([...workshop.code].every((letter) => codeLetters.includes(letter))).toBe(true)
    expect(workshop.code).toHaveLength(6)
    expect(Date.parse(workshop.expiresAt) - Date.parse(workshop.createdAt)).toBe(4 * 3_600_000)
    const { body } = await send('get', '/workshops', teacher).expect(200)
    expect(body.data).toContainEqual(workshop)
    await send('patch', `/workshops/${workshop.id}`, teacher, { spec: null, name: 'Tuesday' }).expect(200)
    const changed = await send('get', `/workshops/${workshop.id}`, teacher).expect(200)
    expect(workshopDetailSchema.parse(changed.body)).toMatchObject({
      name: 'Tuesday',
      spec: null,
      participants: [],
    })
  })

  it('has no spec that the database cannot store', async () => {
    for (const spec of [{ name: 'a\0b' }, { 'a\0b': 1 }, { network: { layers: ['\ud800'] } }]) {
      const { body } = await send('post', '/workshops', teacher, { spec }).expect(400)
      expect(body.errors).toEqual([
        { pointer: '/spec', message: expect.stringContaining('must not contain NUL') },
      ])
    }
  })

  it('is joined by code and nickname, however they are typed', async () => {
    const { id, code } = await open({ hours: 2, spec: job })
    const typed = `${code.slice(0, 3).toLowerCase()} ${code.slice(3)}`
    const answer = await send('post', '/workshop/join', null, {
      code: typed,
      nickname: '  Ada   L. ',
    }).expect(201)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.body.nickname).toBe('Ada L.')
    const ada = `Bearer ${answer.body.key}`
    const membership = membershipSchema.parse((await send('get', '/workshop', ada).expect(200)).body)
    expect(membership).toMatchObject({ nickname: 'Ada L.', spec: job, expiresAt: answer.body.expiresAt })
    // The same name in other letters.
    const taken = await send('post', '/workshop/join', null, { code, nickname: 'ADA l.' }).expect(409)
    expect(taken.body.code).toBe('nickname-taken')
    const key = await service.database.key.findFirstOrThrow({ where: { tenantId: await tenantOf('Ada L.') } })
    expect(key.expiresAt?.toISOString()).toBe(answer.body.expiresAt)
    expect((await send('get', `/workshops/${id}`, teacher)).body.participantCount).toBe(1)
  })

  it('has a place for the limit of participants, also if they join at once', async () => {
    const { id, code } = await open()
    const places = 3
    for (let index = places; index < workshopLimits.participants; index++) await join(code, `early ${index}`)
    const answers = await Promise.all(
      Array.from({ length: places + 5 }, (_, index) =>
        send('post', '/workshop/join', null, { code, nickname: `late ${index}` }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(places)
    const refused = answers.filter(({ status }) => status !== 201).map(({ body }) => body.code)
    expect(refused).toEqual(Array(5).fill('workshop-full'))
    await send('delete', `/workshops/${id}`, teacher).expect(204)
  })

  it('shows everybody the newest run of each, and nobody the objects of another', async () => {
    const { id, code } = await open()
    const [emmy, ida] = [await join(code, 'emmy'), await join(code, 'ida')]
    await send('post', '/jobs', emmy, job).expect(202)
    const { body: newest } = await send('post', '/jobs', emmy, { ...job, name: 'second' }).expect(202)
    for (const [path, key] of [
      ['/workshop', ida],
      [`/workshops/${id}`, teacher],
    ]) {
      const { participants } = (await send('get', path, key).expect(200)).body
      expect(participants).toMatchObject([
        { nickname: 'emmy', jobs: 2, latest: { id: newest.id, name: 'second', status: 'queued', epochs: 5 } },
        { nickname: 'ida', jobs: 0, latest: null },
      ])
    }
    await send('get', `/jobs/${newest.id}`, ida).expect(404)
    await send('get', `/workshops/${id}`, emmy).expect(403)
    expect((await send('get', '/workshop', teacher)).status).toBe(403)
  })

  it('is paused, resumed, reset and deleted by its teacher alone', async () => {
    const { id, code } = await open()
    const sofia = await join(code, 'sofia')
    const { body: first } = await send('post', '/jobs', sofia, job).expect(202)
    const { body: second } = await send('post', '/jobs', sofia, job).expect(202)
    const statuses = async () => {
      const { data } = (await send('get', '/jobs', sofia).expect(200)).body
      return data.map(({ status }: { status: string }) => status)
    }
    const other = (await keyFor(service, 'elsewhere', ['workshops:write'])).header
    for (const verb of ['pause', 'resume', 'reset']) {
      await send('post', `/workshops/${id}/${verb}`, other).expect(404)
    }
    const control = async (verb: string) =>
      (await send('post', `/workshops/${id}/${verb}`, teacher).expect(200)).body
    expect(await control('pause')).toEqual({ jobs: 2 })
    expect(await statuses()).toEqual(['paused', 'paused'])
    expect(await control('pause')).toEqual({ jobs: 0 })
    expect(await control('resume')).toEqual({ jobs: 2 })
    expect(await statuses()).toEqual(['queued', 'queued'])

    const csv = await send('get', `/workshops/${id}/runs.csv`, teacher).expect(200)
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    const [head, ...lines] = csv.text.trim().split('\r\n')
    expect(head).toBe(
      'nickname,job,name,status,epoch,epochs,loss,accuracy,valLoss,valAccuracy,score,createdAt',
    )
    expect(lines.map((line) => line.split(',')[1])).toEqual([second.id, first.id])

    const claim = await startJob(service, 'worker_a', { tenantId: await tenantOf('sofia') })
    await service.runs.succeed(claim, linearModel())
    expect(await control('reset')).toEqual({ jobs: 3 })
    expect(await statuses()).toEqual([])
    expect((await send('get', '/models', sofia)).body.data).toEqual([])
    expect((await send('get', `/workshops/${id}`, teacher)).body.participants).toMatchObject([
      { nickname: 'sofia', jobs: 0 },
    ])

    const tenantId = await tenantOf('sofia')
    await send('delete', `/workshops/${id}`, teacher).expect(204)
    await send('get', '/jobs', sofia).expect(401)
    await send('get', `/workshops/${id}`, teacher).expect(404)
    await send('post', '/workshop/join', null, { code, nickname: 'late' }).expect(404)
    expect(await service.database.tenant.count({ where: { id: tenantId } })).toBe(0)
  })

  it('ends for participants when it expires', async () => {
    const { id, code } = await open()
    const mary = await join(code, 'mary')
    const past = new Date(Date.now() - 1_000)
    await service.database.workshop.update({ where: { id }, data: { expiresAt: past } })
    await service.database.key.updateMany({
      where: { tenantId: await tenantOf('mary') },
      data: { expiresAt: past },
    })
    await send('get', '/workshop', mary).expect(401)
    await send('post', '/workshop/join', null, { code, nickname: 'late' }).expect(404)
    await send('get', `/workshops/${id}`, teacher).expect(200)
  })

  it('is limited in number', async () => {
    const key = (await keyFor(service, 'busy', ['workshops:write'])).header
    const answers = await Promise.all(
      Array.from({ length: workshopLimits.workshops + 3 }, () => send('post', '/workshops', key, {})),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(workshopLimits.workshops)
    expect(answers.filter(({ body }) => body.code === 'too-many-workshops')).toHaveLength(3)
  })

  it('protects a spreadsheet from formulas', async () => {
    const { id, code } = await open()
    const key = await join(code, '=1+1')
    await send('post', '/jobs', key, { ...job, name: 'a "b", c' }).expect(202)
    const { text } = await send('get', `/workshops/${id}/runs.csv`, teacher).expect(200)
    expect(text).toContain("\r\n'=1+1,job_")
    expect(text).toContain(',"a ""b"", c",queued,')
  })
})

describe('a participant', () => {
  it('has small limits, and scopes for the lecture', async () => {
    const { code } = await open()
    const key = await join(code, 'grace')
    const { limits } = (await send('get', '/limits', key).expect(200)).body
    expect(limits.queuedJobs).toMatchObject({ allowed: 50, own: true })
    await send('post', '/models', key, { construct: { dnf: { inputs: 2, trueRows: [1] } } }).expect(201)
    await send('get', '/workshops', key).expect(403)
    await send('get', '/webhooks', key).expect(403)
  })
})

it('needs a service with keys, which it would otherwise close to requests without one', async () => {
  const keyless = await openApp()
  const { body } = await request(keyless.app.server).post('/workshops').send({}).expect(409)
  expect(body.code).toBe('no-keys')
  await request(keyless.app.server).get('/jobs').expect(200)
  await keyless.close()
})
