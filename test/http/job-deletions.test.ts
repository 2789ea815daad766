/** DELETE /jobs deletes many jobs. */
import request from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { storeModel } from '../support/stores.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const api = () => request(service.app.server)

it('deletes jobs that ended before a time, and returns their number', async () => {
  await storeModel(service)
  await storeModel(service)
  const before = new Date(Date.now() + 60_000).toISOString()
  const none = await api().delete('/jobs').query({ before, status: 'cancelled' }).expect(200)
  expect(none.body).toEqual({ object: 'deletion', deleted: 0, hasMore: false })
  const { body } = await api().delete('/jobs').query({ before, status: 'succeeded' }).expect(200)
  expect(body).toEqual({ object: 'deletion', deleted: 2, hasMore: false })
  expect((await api().get('/jobs').expect(200)).body.data).toEqual([])
  expect((await api().get('/models').expect(200)).body.data).toHaveLength(2)
})

it('needs the time, and accepts only final statuses', async () => {
  const missing = await api().delete('/jobs').expect(400)
  expect(missing.body.errors[0].pointer).toBe('/before')
  const running = await api()
    .delete('/jobs')
    .query({ before: '2026-11-01T00:00:00Z', status: 'running' })
    .expect(400)
  expect(running.body.errors[0].pointer).toBe('/status')
})

it('says that more follow after the most that a request deletes', async () => {
  await storeModel(service)
  // With the one that ended, one job more than a request deletes.
  await service.database.$executeRaw`
    INSERT INTO "Job" SELECT copy.* FROM "Job" AS job CROSS JOIN generate_series(1, 10000) AS number
      CROSS JOIN LATERAL jsonb_populate_record(
        NULL::"Job", to_jsonb(job) || jsonb_build_object('id', 'job_copy' || number)
      ) AS copy`
  const before = new Date(Date.now() + 60_000).toISOString()
  const first = await api().delete('/jobs').query({ before }).expect(200)
  expect(first.body).toEqual({ object: 'deletion', deleted: 10_000, hasMore: true })
  const second = await api().delete('/jobs').query({ before }).expect(200)
  expect(second.body).toEqual({ object: 'deletion', deleted: 1, hasMore: false })
})
