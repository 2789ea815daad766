/** What a teacher's pause, reset and the end of a workshop do to sweeps and to what participants had paused themselves. */
import request from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { unfinishedStatuses } from '../../src/contract/job-status.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { eventually } from '../support/service.js'

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
  optimizer: { type: 'sgd', learningRate: 0.1 },
  epochs: 64,
}
const sweep = {
  spec: job,
  parameters: [{ path: '/optimizer/learningRate', values: [0.1, 0.2, 0.3, 0.4] }],
  metric: 'loss',
  search: { type: 'asha', minimumEpochs: 4 },
}
const trials = 4

async function post(authorization: string | null, path: string, body: object = {}) {
  const sent = request(service.app.server).post(path)
  if (authorization !== null) sent.set('authorization', authorization)
  const answer = await sent.send(body)
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
  return answer.body
}

async function join(nickname: string) {
  const { id, code } = await post(teacher, '/workshops')
  const { key } = await post(null, '/workshop/join', { code, nickname })
  const { tenantId } = await service.database.participant.findFirstOrThrow({ where: { nickname } })
  return {
    id,
    tenantId,
    key: `Bearer ${key}`,
    control: (verb: string): Promise<{ jobs: number }> => post(teacher, `/workshops/${id}/${verb}`),
  }
}

/** A sweep with all of its trials. */
async function startSweep(key: string): Promise<string> {
  const { id } = await post(key, '/sweeps', sweep)
  await eventually(async () => ((await trialsOf(id)).length === trials ? true : undefined))
  return id
}

const trialsOf = (sweepId: string) =>
  service.database.job.findMany({ where: { sweepId }, orderBy: { trial: 'asc' } })

const statusesOf = async (sweepId: string) => (await trialsOf(sweepId)).map(({ status }) => status)

const sweepStatus = async (id: string) =>
  (await service.database.sweep.findUniqueOrThrow({ where: { id } })).status

const unfinishedOf = (tenantId: string) =>
  service.database.job.count({ where: { tenantId, status: { in: unfinishedStatuses } } })

const paused = Array(trials).fill('paused')
const queued = Array(trials).fill('queued')

it('pauses and resumes sweeps, and leaves the decisions about trials to them', async () => {
  const { key, control } = await join('ada')
  const id = await startSweep(key)
  const { id: single } = await post(key, '/jobs', job)
  expect(await control('pause')).toEqual({ jobs: trials + 1 })
  expect(await sweepStatus(id)).toBe('paused')
  expect(await statusesOf(id)).toEqual(paused)
  expect(await control('pause')).toEqual({ jobs: 0 })

  // The worker stores the epochs before the pause: the first trial has reached its first decision.
  const [first] = await trialsOf(id)
  const epoch = first.pauseAfter ?? 0
  expect(epoch).toBe(sweep.search.minimumEpochs)
  await service.database.job.update({ where: { id: first.id }, data: { epoch, loss: 0.5 } })

  // All but the trial that waits.
  expect(await control('resume')).toEqual({ jobs: trials })
  expect(await sweepStatus(id)).toBe('running')
  expect((await statusesOf(id)).slice(1)).toEqual(queued.slice(1))
  const [waiting] = await trialsOf(id)
  if (waiting.status !== 'paused') expect(waiting.rungs).toEqual([0.5])
  expect(await service.database.job.findUniqueOrThrow({ where: { id: single } })).toMatchObject({
    status: 'queued',
  })
})

it('leaves paused what a participant had paused', async () => {
  const { key, control } = await join('grace')
  const id = await startSweep(key)
  await post(key, `/sweeps/${id}/pause`)
  const { id: single } = await post(key, '/jobs', job)
  await post(key, `/jobs/${single}/pause`)
  const { id: other } = await post(key, '/jobs', job)
  expect(await control('pause')).toEqual({ jobs: 1 })
  expect(await control('resume')).toEqual({ jobs: 1 })
  expect(await sweepStatus(id)).toBe('paused')
  expect(await statusesOf(id)).toEqual(paused)
  const statusOf = async (job: string) =>
    (await service.database.job.findUniqueOrThrow({ where: { id: job } })).status
  expect([await statusOf(single), await statusOf(other)]).toEqual(['paused', 'queued'])

  // Also after the teacher had paused it, and the participant resumed and paused it again.
  await control('pause')
  await post(key, `/jobs/${other}/resume`)
  await post(key, `/jobs/${other}/pause`)
  expect(await control('resume')).toEqual({ jobs: 0 })
  expect(await statusOf(other)).toBe('paused')
})

it('pauses the trials that repeat a job with it, and resumes them', async () => {
  const { key, control, tenantId } = await join('emmy')
  const { id } = await post(key, '/jobs', { ...job, repeats: 3 })
  const statuses = async () => {
    const jobs = await service.database.job.findMany({ where: { tenantId } })
    return [...new Set(jobs.map(({ status }) => status))]
  }
  await eventually(async () =>
    (await service.database.job.count({ where: { tenantId } })) === 3 ? true : undefined,
  )
  const { id: sweepId } = await service.database.sweep.findFirstOrThrow({ where: { jobId: id } })
  expect(await control('pause')).toEqual({ jobs: 3 })
  expect([await sweepStatus(sweepId), await statuses()]).toEqual(['paused', ['paused']])
  expect(await control('resume')).toEqual({ jobs: 3 })
  expect([await sweepStatus(sweepId), await statuses()]).toEqual(['running', ['queued']])
})

it('resets sweeps, also paused ones, and repeated jobs', async () => {
  const { key, control, tenantId } = await join('sofia')
  await startSweep(key)
  await post(key, '/jobs', { ...job, repeats: 3 })
  await post(key, `/sweeps/${await startSweep(key)}/pause`)
  await control('pause')
  await control('reset')
  expect(await service.database.job.count({ where: { tenantId } })).toBe(0)
  expect(await service.database.sweep.count({ where: { tenantId } })).toBe(0)
})

it('cancels what is unfinished after the workshop has expired', async () => {
  const { id, key, tenantId } = await join('mary')
  const running = await startSweep(key)
  const pausedSweep = await startSweep(key)
  await post(key, `/sweeps/${pausedSweep}/pause`)
  await post(key, '/jobs', job)
  await service.workshops.cleanUp()
  expect(await unfinishedOf(tenantId)).toBe(2 * trials + 1)
  const past = new Date(Date.now() - 1_000)
  await service.database.workshop.update({ where: { id }, data: { expiresAt: past } })
  await service.workshops.cleanUp()
  expect(await unfinishedOf(tenantId)).toBe(0)
  expect([await sweepStatus(running), await sweepStatus(pausedSweep)]).toEqual(['cancelled', 'cancelled'])
})
