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
