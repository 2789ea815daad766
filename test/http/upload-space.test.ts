/** Datasets and models are uploaded to the same disk. */
import request from 'supertest'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { SpoolSpace } from '../../src/datasets/reading/spool-space.js'
import { openApp, type RunningApp } from '../support/app.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

it('counts the datasets and the models of a tenant together', async () => {
  const opened = vi.spyOn(SpoolSpace.prototype, 'open')
  onTestFinished(() => opened.mockRestore())
  const api = request(service.app.server)
  await api.post('/datasets').type('text/csv').send('a,b\n1,2\n3,4\n').expect(201)
  await api.post('/models').attach('file', Buffer.from('PK'), 'model').expect(422)
  const [dataset, model] = opened.mock.contexts
  expect(opened.mock.calls).toEqual([['local'], ['local']])
  expect(model).toBe(dataset)
})
