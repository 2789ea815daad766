/** Requests take a turn of their tenant also where they later wait for other turns. */
import request from 'supertest'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'

/** The requests of a tenant that is alone. */
const atOnce = 32

let service: RunningApp

beforeEach(async () => {
  service = await openApp()
  await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterEach(() => service.close())

/** Models and jobs are not found before `release`. */
function holdReads() {
  let [reading, release] = [0, () => {}]
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const get = async () => {
    reading++
    await released
    return null
  }
  const { models, jobs } = service.limited
  const [modelsOf, jobsOf] = [models.of, jobs.of]
  vi.spyOn(models, 'of').mockImplementation((tenantId) => ({ ...modelsOf(tenantId), get }))
  vi.spyOn(jobs, 'of').mockImplementation((tenantId) => ({ ...jobsOf(tenantId), get }))
  return { reading: () => reading, release }
}

const id = '0'.repeat(32)

it.each([
  ['POST', `/models/mdl_${id}/evaluate`],
  ['GET', `/models/mdl_${id}/comparison`],
  ['GET', `/jobs/job_${id}/rows/worst`],
  ['GET', `/jobs/job_${id}/rows/changed?with=job_${id}`],
  ['GET', `/jobs/job_${id}/importance`],
  ['GET', `/jobs/job_${id}/dependence?column=x`],
  ['POST', `/jobs/job_${id}/test`],
] as const)('%s %s', async (method, path) => {
  const held = holdReads()
  const sent = Array.from({ length: atOnce + 8 }, async () => {
    const asked =
      method === 'GET' ? request(service.app.server).get(path) : request(service.app.server).post(path)
    return (await (path.endsWith('/evaluate') ? asked.send({ rows: [{ x: 1 }] }) : asked)).status
  })
  await vi.waitFor(() => expect(held.reading()).toBeGreaterThanOrEqual(atOnce), { timeout: 20_000 })
  // The requests after them have arrived too.
  await request(service.app.server).get('/health/live')
  const begun = held.reading()
  held.release()
  expect(new Set(await Promise.all(sent))).toEqual(new Set([404]))
  expect(begun).toBe(atOnce)
})

it('a request of the Model Context Protocol has at most ten messages', async () => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
  const accept = 'application/json, text/event-stream'
  const send = (count: number) =>
    request(service.app.server).post('/mcp').set('accept', accept).send(Array(count).fill(message))
  expect((await send(10)).status).toBe(200)
  expect((await send(11)).status).toBe(400)
})
