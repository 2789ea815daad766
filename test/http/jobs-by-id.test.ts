/** Lists jobs by id. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../src/training/new-id.js'
import { openApp, type RunningApp } from '../support/app.js'
import { newJob } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const get = (query: string) => request(service.app.server).get(`/jobs?${query}`)

async function createJobs(count: number, tenantId = 'local'): Promise<string[]> {
  const ids: string[] = []
  for (const _ of upTo(count)) ids.push((await service.jobs.of(tenantId).create(newJob())).id)
  return ids
}

describe('GET /jobs?ids=', () => {
  it('returns the jobs in the order of the ids, as GET /jobs/{id} does', async () => {
    const [first, second, third] = await createJobs(3)
    const { body } = await get(`ids=${third},${first},${second}`).expect(200)
    expect(body).toMatchObject({ object: 'list', hasMore: false, lastId: null })
    const each = [third, first, second].map(async (id) => {
      return (await request(service.app.server).get(`/jobs/${id}`)).body
    })
    expect(body.data).toEqual(await Promise.all(each))
  })

  it('omits jobs that do not exist or belong to other tenants', async () => {
    const [own] = await createJobs(1)
    const [foreign] = await createJobs(1, 'another')
    const { body } = await get(`ids=${newId('job')},${foreign},${own}`).expect(200)
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([own])
    expect((await get(`ids=${foreign}`).expect(200)).body.data).toEqual([])
  })

  it('accepts a hundred ids', async () => {
    const ids = await createJobs(100)
    const { body } = await get(`ids=${ids.join(',')}`).expect(200)
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(ids)
  })

  it.each([
    ['what is no id', () => 'ids=job_1', '/ids/0', 'must be job_ followed by 32 hexadecimal digits'],
    ['an empty id', () => `ids=${newId('job')},`, '/ids/1', 'must be job_'],
    [
      'an id twice',
      () => `ids=${'job_0123456789abcdef0123456789abcdef,'.repeat(2).slice(0, -1)}`,
      '/ids',
      'twice',
    ],
    ['101 ids', () => `ids=${upTo(101).map(() => newId('job'))}`, '/ids', '100'],
    ['other parameters beside', () => `ids=${newId('job')}&status=queued`, '/ids', 'cannot be combined'],
  ])('refuses %s with a message', async (_, query, pointer, message) => {
    const { body } = await get(query()).expect(400)
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] })
    expect(body.errors[0].message).toContain(message)
  })
})
