/** The entries of the audit log for deletions of data, and for workshops. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../src/contract/audit.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, newJob, setStatus, startJob } from '../support/stores.js'

let service: RunningApp
let owner: { id: string; header: string }
let admin: string

beforeAll(async () => {
  service = await openApp()
  owner = await keyFor(service, 'blue', ['jobs:write', 'models:write', 'datasets:write', 'workshops:write'])
  admin = (await keyFor(service, 'operators', ['admin'])).header
})

afterAll(() => service.close())

async function send(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  payload?: object,
  authorization: string | null = owner.header,
) {
  const headers = { 'x-request-id': 'request-7', ...(authorization === null ? {} : { authorization }) }
  const answer = await service.app.inject({ method, url, headers, ...(payload && { payload }) })
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
}

/** Newest first, of the tenant `blue`, without the creations of its keys. */
async function entries(): Promise<AuditEntry[]> {
  const { body } = await send('GET', '/admin/audit?tenant=blue&limit=100', undefined, admin)
  return body.data.filter(
    ({ action }: AuditEntry) => !action.startsWith('key.') && action !== 'tenant.created',
  )
}

async function trained() {
  const claim = await startJob(service, 'worker_a', { tenantId: 'blue' })
  await service.runs.succeed(claim, linearModel())
  const { modelId } = (await send('GET', `/jobs/${claim.jobId}`)).body
  return { jobId: claim.jobId, modelId: String(modelId) }
}

const byOwner = () => ({
  actor: { type: 'key', id: owner.id },
  tenantId: 'blue',
  requestId: 'request-7',
  address: '127.0.0.1',
})

describe('the audit log', () => {
  it('has each deletion of a job, model, dataset and name, and no refused one', async () => {
    const { jobId, modelId } = await trained()
    const csv = 'a,b\n1,2\n3,4\n5,6\n'
    const upload = await service.app.inject({
      method: 'POST',
      url: '/datasets?target=b',
      headers: { authorization: owner.header, 'content-type': 'text/csv' },
      payload: csv,
    })
    expect(upload.statusCode, upload.body).toBe(201)
    const dataset = upload.json()

    const running = await service.jobs.of('blue').create(newJob())
    expect((await send('DELETE', `/jobs/${running.id}`)).body.code).toBe('job-active')
    expect((await send('DELETE', '/models/mdl_00000000000000000000000000000000')).status).toBe(404)
    expect((await send('DELETE', '/datasets/iris')).body.code).toBe('dataset-in-use')
    expect(await entries()).toEqual([])

    for (const path of [`/models/${modelId}`, `/jobs/${jobId}`, `/datasets/${dataset.id}`])
      expect((await send('DELETE', path)).status, path).toBe(204)
    const [third, second, first, ...others] = await entries()
    expect(others).toEqual([])
    expect(first).toMatchObject({ action: 'model.deleted', target: modelId, details: { jobId } })
    expect(first).toMatchObject(byOwner())
    expect(second).toMatchObject({
      action: 'job.deleted',
      target: jobId,
      details: { count: 1 },
      ...byOwner(),
    })
    expect(third).toMatchObject({ action: 'dataset.deleted', target: dataset.id, ...byOwner() })
    expect(third.details).toMatchObject({ rows: 3 })
    // A second deletion finds nothing.
    expect((await send('DELETE', `/jobs/${jobId}`)).status).toBe(404)
    expect(await entries()).toHaveLength(3)
  })

  it('counts the trials that are deleted with their job', async () => {
    const { body } = await send('POST', '/jobs', {
      dataset: { name: 'moons', rows: 60 },
      network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      epochs: 2,
      repeats: 3,
      validationSplit: 0.2,
    })
    const sweep = await service.database.sweep.findFirstOrThrow({ where: { jobId: body.id } })
    expect((await send('POST', `/sweeps/${sweep.id}/cancel`)).status).toBe(200)
    const jobs = await service.database.job.count({ where: { sweepId: sweep.id } })
    expect((await send('DELETE', `/jobs/${body.id}`)).status).toBe(204)
    const [entry] = await entries()
    expect(entry).toMatchObject({ action: 'job.deleted', target: body.id })
    expect(entry.details).toEqual({ count: jobs })
    expect(await service.database.job.count({ where: { sweepId: sweep.id } })).toBe(0)
  })

  it('has the life of a workshop, with the participants as they join', async () => {
    const before = (await entries()).length
    const workshop = (await send('POST', '/workshops', { name: 'Monday' })).body
    const joined = await send('POST', '/workshop/join', { code: workshop.code, nickname: 'Ada' }, null)
    expect(joined.status).toBe(201)
    const wrong = await send('POST', '/workshop/join', { code: 'AAAAAA', nickname: 'Eve' }, null)
    expect(wrong.status).toBe(404)
    const { tenantId: participant } = await service.database.participant.findFirstOrThrow({
      where: { nickname: 'Ada' },
    })
    const key = await service.database.key.findFirstOrThrow({ where: { tenantId: participant } })
    const job = await service.jobs.of(participant).create(newJob())
    await setStatus(service, job.id, 'cancelled', { finishedAt: new Date() })
    for (const verb of ['pause', 'resume', 'reset'])
      expect((await send('POST', `/workshops/${workshop.id}/${verb}`)).status).toBe(200)
    expect((await send('DELETE', `/workshops/${workshop.id}`)).status).toBe(204)
    const all = (await entries()).slice(0, -before || undefined).reverse()
    expect(all.map(({ action }) => action)).toEqual(
      ['created', 'joined', 'paused', 'resumed', 'reset', 'deleted'].map((name) => `workshop.${name}`),
    )
    expect(all.every(({ target }) => target === workshop.id)).toBe(true)
    const [, join, ...others] = all
    expect(join).toMatchObject({ actor: { type: 'key', id: key.id }, details: { participant } })
    for (const entry of others) expect(entry).toMatchObject(byOwner())
    expect((await send('DELETE', `/workshops/${workshop.id}`)).status).toBe(404)
    expect((await entries()).length).toBe(before + 6)
  })

  it('has deleted sweeps and names of the registry', async () => {
    const { body } = await send('POST', '/sweeps', {
      spec: {
        dataset: 'xor',
        network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
        loss: 'binaryCrossentropy',
        epochs: 2,
      },
      parameters: [{ path: '/batchSize', values: [1, 2] }],
      metric: 'loss',
    })
    expect((await send('DELETE', `/sweeps/${body.id}`)).body.code).toBe('job-active')
    await send('POST', `/sweeps/${body.id}/cancel`)
    expect((await send('DELETE', `/sweeps/${body.id}`)).status).toBe(204)
    const { modelId } = await trained()
    await service.registry.of('blue').register('churn', modelId, owner.id)
    expect((await send('DELETE', '/registry/churn')).status).toBe(204)
    expect((await send('DELETE', '/registry/churn')).status).toBe(404)
    const [name, sweep] = await entries()
    expect(sweep).toMatchObject({ action: 'sweep.deleted', target: body.id, ...byOwner() })
    expect(name).toMatchObject({
      action: 'registeredModel.deleted',
      target: 'churn',
      details: { versions: 1 },
    })
  })
})
