/** The history of a job over HTTP. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobEvent } from '../../src/contract/job-event.js'
import { newId } from '../../src/training/new-id.js'
import { openApp, type RunningApp } from '../support/app.js'
import { claimJob, linearModel, newJob, storeEpochs } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

async function read(id: string, query = 'limit=100') {
  const answer = await request(service.app.server).get(`/jobs/${id}/events?${query}`).expect(200)
  const page: { data: JobEvent[]; hasMore: boolean; lastId: string | null } = answer.body
  return page
}

const epochOf = (epoch: number) => ({
  epoch,
  loss: 1 / epoch,
  accuracy: null,
  valLoss: null,
  valAccuracy: null,
  seconds: null,
})

/** The important fields of each event. */
const summaries = (events: JobEvent[]) =>
  events.map(({ type, attempt, workerId, reason, epoch, status }) =>
    [type, attempt, workerId, reason, epoch, status].filter((each) => each !== null),
  )

describe('GET /jobs/{id}/events', () => {
  it('reports the claim and success of a job without a stored event', async () => {
    const { id } = await service.jobs.create(newJob())
    expect(summaries((await read(id)).data)).toEqual([['queued', 0]])
    const claim = await claimJob(service, id)
    await storeEpochs(service, claim, upTo(3).map(epochOf))
    await service.runs.succeed(claim, linearModel())
    const { data, hasMore } = await read(id)
    expect(summaries(data)).toEqual([
      ['queued', 0],
      ['claimed', 1, 'worker_b'],
      ['ended', 3, 'succeeded'],
    ])
    expect(hasMore).toBe(false)
    const job = await service.jobs.get(id)
    expect(data.map(({ at }) => at)).toEqual([job?.createdAt, job?.startedAt, job?.finishedAt])
    expect(new Set(data.map((event) => event.id)).size).toBe(3)
    expect(await service.database.jobEvent.count({ where: { jobId: id } })).toBe(0)
  })

  it('reports releases with their reasons and workers, and the actions of clients', async () => {
    const { id } = await service.jobs.create(newJob())
    await service.runs.release(await claimJob(service, id, 'worker_a'), 'worker-stopped')
    await claimJob(service, id, 'worker_b')
    await service.jobs.releaseWorker('worker_b')
    const third = await claimJob(service, id, 'worker_c')
    await storeEpochs(service, third, upTo(2).map(epochOf))
    await service.jobs.pause(id)
    await service.jobs.resume(id, null)
    // The job is queued, so this pause has no claim.
    await service.jobs.pause(id)
    await service.jobs.resume(id, null)
    await claimJob(service, id, 'worker_d')
    await service.jobs.cancel(id)
    expect(summaries((await read(id)).data)).toEqual([
      ['queued', 0],
      ['claimed', 1, 'worker_a'],
      ['released', 1, 'worker_a', 'worker-stopped', 0],
      ['claimed', 2, 'worker_b'],
      ['released', 2, 'worker_b', 'worker-died', 0],
      ['claimed', 3, 'worker_c'],
      ['paused', 2],
      ['resumed', 2],
      ['paused', 2],
      ['resumed', 2],
      ['claimed', 6, 'worker_d'],
      ['ended', 2, 'cancelled'],
    ])
  })

  it('ends with the third crash of its worker', async () => {
    const { id } = await service.jobs.create(newJob())
    for (const worker of ['worker_e', 'worker_f', 'worker_g']) {
      await claimJob(service, id, worker)
      await service.jobs.releaseWorker(worker)
    }
    expect(summaries((await read(id)).data)).toEqual([
      ['queued', 0],
      ['claimed', 1, 'worker_e'],
      ['released', 1, 'worker_e', 'worker-died', 0],
      ['claimed', 2, 'worker_f'],
      ['released', 2, 'worker_f', 'worker-died', 0],
      ['claimed', 3, 'worker_g'],
      ['ended', 0, 'failed'],
    ])
  })

  it('keeps a limited number of rows, and is read in pages', async () => {
    const { id } = await service.jobs.create(newJob())
    for (let times = 0; times < 60; times++) {
      await service.jobs.pause(id)
      await service.jobs.resume(id, null)
    }
    expect(await service.database.jobEvent.count({ where: { jobId: id } })).toBeLessThanOrEqual(100)
    const whole = await service.jobs.events(id, { limit: 1_000 })
    expect(whole?.data.length).toBe(101)
    const ids: string[] = []
    let after = ''
    for (let more = true; more; ) {
      const { data, hasMore, lastId } = await read(id, `limit=7${after}`)
      ids.push(...data.map((event) => event.id))
      after = `&after=${lastId}`
      more = hasMore
    }
    expect(ids).toEqual(whole?.data.map((event) => event.id))
    // A cursor stays valid when its event is deleted.
    const { lastId } = await read(id, 'limit=40')
    await service.database.jobEvent.deleteMany({ where: { id: Number.parseInt(ids[39].slice(4), 36) } })
    const { data } = await read(id, `limit=1&after=${lastId}`)
    const [next] = data
    expect(ids.indexOf(next.id)).toBeGreaterThanOrEqual(40)
    await request(service.app.server).get(`/jobs/${id}/events?after=evt_none`).expect(400)
  })

  it('is hidden from other tenants, and deleted with the job', async () => {
    const { id } = await service.jobs.of('other').create(newJob())
    await service.jobs.of('other').pause(id)
    await request(service.app.server).get(`/jobs/${id}/events`).expect(404)
    await request(service.app.server)
      .get(`/jobs/${newId('job')}/events`)
      .expect(404)
    await service.jobs.of('other').cancel(id)
    await service.jobs.of('other').delete(id)
    expect(await service.database.jobEvent.count({ where: { jobId: id } })).toBe(0)
  })
})
