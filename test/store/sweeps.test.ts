/** Sweeps in the database: their trials, their ends, and their best points. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStores as openLimitedStores } from '../../src/composition/stores.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { unknownOrigin } from '../../src/training/ports/origin.js'
import type { ChosenPoint, NewSweep, RefusedTrial } from '../../src/training/ports/sweeps.js'
import { newJob, openStores, type Stores, setStatus } from '../support/stores.js'
import { sweepDefinition } from '../support/sweep-definition.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores.close())
beforeEach(async () => {
  await stores.database.job.deleteMany()
  await stores.database.sweep.deleteMany()
})

const mine = () => stores.sweeps.of('local')

async function createSweep(trials: number, changes: object = {}): Promise<string> {
  const request = {
    spec: { dataset: 'xor' },
    parameters: [{ path: '/batchSize', min: 1, max: trials, integer: true, steps: Math.max(2, trials) }],
    metric: 'loss',
    ...changes,
  }
  const definition = sweepDefinition(request)
  const sweep: NewSweep = {
    id: newId('sweep'),
    name: null,
    definition,
    trials,
    ...unknownOrigin,
  }
  await mine().create(sweep)
  return sweep.id
}

async function due(id: string) {
  const found = await stores.sweeps.dueSweep(id)
  if (found === null) throw new Error(`${id} is not due`)
  return found
}

const jobsOf = (sweep: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) =>
    newJob({ sweep: { id: sweep, trial: first + index } }),
  )

const planned = (jobs: NewJob[], refused: RefusedTrial[] = [], points: ChosenPoint[] = []) => ({
  jobs,
  refused,
  points,
})

/** Creates the trials, which all succeed with these losses. */
async function run(id: string, losses: readonly number[]): Promise<void> {
  const jobs = jobsOf(id, 1, losses.length)
  expect(await stores.sweeps.addTrials(await due(id), losses.length, planned(jobs))).toBe(losses.length)
  for (const [index, job] of jobs.entries())
    await setStatus(stores, job.id, 'succeeded', { loss: losses[index] })
}

const trialsOf = (id: string) =>
  stores.database.job.findMany({ where: { sweepId: id }, select: { trial: true }, orderBy: { trial: 'asc' } })

it('two processes create each trial once', async () => {
  const id = await createSweep(40)
  const sweep = await due(id)
  const stored = await Promise.all(
    [1, 2, 3].map(() => stores.sweeps.addTrials(sweep, 40, planned(jobsOf(id, 1, 40)))),
  )
  expect(stored.toSorted()).toEqual([0, 0, 40])
  expect((await trialsOf(id)).map(({ trial }) => trial)).toEqual(
    Array.from({ length: 40 }, (_, index) => index + 1),
  )
})

it('the database refuses a second job for a trial', async () => {
  const id = await createSweep(2)
  await stores.jobs.create(newJob({ sweep: { id, trial: 1 } }))
  await expect(stores.jobs.create(newJob({ sweep: { id, trial: 1 } }))).rejects.toThrow(/unique/)
})

it('a limit of the tenant postpones trials', async () => {
  const { sweeps } = openLimitedStores(stores.database, { settings: { ...unlimited, queuedJobs: 3 } })
  const id = await createSweep(10)
  expect(await sweeps.addTrials(await due(id), 10, planned(jobsOf(id, 1, 10)))).toBe(3)
  expect(await mine().get(id)).toMatchObject({ created: 3, counts: { queued: 3, refused: 0 } })
  expect(await sweeps.addTrials(await due(id), 10, planned(jobsOf(id, 4, 10)))).toBe(0)
  const [first] = await stores.database.job.findMany({ where: { trial: 1 } })
  await setStatus(stores, first.id, 'succeeded')
  expect(await sweeps.addTrials(await due(id), 10, planned(jobsOf(id, 4, 10)))).toBe(1)
  expect(await mine().get(id)).toMatchObject({ created: 4, counts: { queued: 3, succeeded: 1, refused: 0 } })
})

it('refused trials are counted with their reasons, and never created', async () => {
  const id = await createSweep(5)
  const jobs = [jobsOf(id, 1, 1), jobsOf(id, 3, 5)].flat()
  jobs[2].datasetId = 'ds_missing'
  const stored = await stores.sweeps.addTrials(
    await due(id),
    5,
    planned(jobs, [{ trial: 2, message: 'too wide' }]),
  )
  expect(stored).toBe(3)
  expect(await mine().get(id)).toMatchObject({
    created: 5,
    counts: { queued: 3, refused: 2, deleted: 0 },
    refusals: [
      { trial: 2, message: 'too wide' },
      { trial: 4, message: 'ds_missing no longer exists.' },
    ],
  })
})

it('only as many trials are due as the parallelism allows, half of it at a time', async () => {
  const id = await createSweep(10, { parallelism: 4 })
  expect(await due(id)).toMatchObject({ room: 4, created: 0 })
  const jobs = jobsOf(id, 1, 4)
  await stores.sweeps.addTrials(await due(id), 4, planned(jobs))
  expect(await stores.sweeps.due()).toEqual([])
  await setStatus(stores, jobs[0].id, 'failed')
  expect(await stores.sweeps.due()).toEqual([])
  await setStatus(stores, jobs[1].id, 'succeeded')
  expect(await due(id)).toMatchObject({ room: 2, created: 4 })
})

it('ends when its trials have ended: succeeded if one did, else failed', async () => {
  const good = await createSweep(2)
  const bad = await createSweep(2)
  for (const id of [good, bad]) {
    const jobs = jobsOf(id, 1, 2)
    await stores.sweeps.addTrials(await due(id), 2, planned(jobs))
    await setStatus(stores, jobs[0].id, 'failed')
    await stores.sweeps.finish()
    expect((await mine().get(id))?.status).toBe('running')
    await setStatus(stores, jobs[1].id, id === good ? 'succeeded' : 'cancelled')
  }
  expect(await stores.sweeps.anyRunning()).toBe(true)
  await stores.sweeps.finish()
  expect(await mine().get(good)).toMatchObject({ status: 'succeeded', finishedAt: expect.any(String) })
  expect(await mine().get(bad)).toMatchObject({ status: 'failed', finishedAt: expect.any(String) })
  expect(await stores.sweeps.anyRunning()).toBe(false)
})

it('ranks points by the mean over their seeds, and counts complete points only', async () => {
  const id = await createSweep(8, { seeds: 2, parameters: [{ path: '/batchSize', values: [1, 2, 3, 4] }] })
  // Means 0.3, 0.2 and 0.25, and a point without its second trial. The deviation of 0.1 and 0.3 is √0.02.
  await run(id, [0.5, 0.1, 0.1, 0.3, 0.25, 0.25, 0])
  const sweep = await mine().get(id)
  expect(sweep?.best.map(({ point, score }) => [point, score])).toEqual([
    [2, 0.2],
    [3, 0.25],
    [1, 0.3],
  ])
  expect(sweep?.best[0]).toMatchObject({ values: { '/batchSize': 2 } })
  expect(sweep?.best[0].deviation).toBeCloseTo(Math.sqrt(0.02), 12)
  expect(sweep?.best[0].jobIds).toHaveLength(2)
})

it('ranks accuracies from the highest', async () => {
  const id = await createSweep(3, { metric: 'accuracy' })
  await run(id, [0, 0, 0])
  for (const [trial, accuracy] of [0.5, 0.9, 0.7].entries()) {
    await stores.database.job.updateMany({ where: { sweepId: id, trial: trial + 1 }, data: { accuracy } })
  }
  expect((await mine().get(id))?.best.map(({ score }) => score)).toEqual([0.9, 0.7, 0.5])
})

it('starts no trial over its budget, and ends with those it has', async () => {
  const id = await createSweep(10, { budgetSeconds: 5, parallelism: 2 })
  const jobs = jobsOf(id, 1, 2)
  await stores.sweeps.addTrials(await due(id), 2, planned(jobs))
  await setStatus(stores, jobs[0].id, 'succeeded', { trainingSeconds: 4 })
  await stores.sweeps.finish()
  expect(await mine().get(id)).toMatchObject({ isOverBudget: false })
  await setStatus(stores, jobs[1].id, 'succeeded', { trainingSeconds: 1 })
  await stores.sweeps.finish()
  expect(await stores.sweeps.due()).toEqual([])
  expect(await mine().get(id)).toMatchObject({ isOverBudget: true, status: 'succeeded', created: 2 })
})

it('pauses, resumes and cancels its unfinished trials, and no others', async () => {
  const id = await createSweep(3)
  const other = await createSweep(1)
  const jobs = jobsOf(id, 1, 3)
  await stores.sweeps.addTrials(await due(id), 3, planned(jobs))
  await stores.sweeps.addTrials(await due(other), 1, planned(jobsOf(other, 1, 1)))
  await setStatus(stores, jobs[0].id, 'succeeded')
  const counts = async (sweep: string) => (await mine().get(sweep))?.counts
  expect(await mine().pause(id)).toBe(true)
  expect(await counts(id)).toMatchObject({ succeeded: 1, paused: 2 })
  expect(await mine().pause(id)).toBe(false)
  expect(await mine().resume(id)).toBe(true)
  expect(await counts(id)).toMatchObject({ succeeded: 1, queued: 2 })
  expect(await mine().cancel(id)).toBe(true)
  expect(await counts(id)).toMatchObject({ succeeded: 1, cancelled: 2 })
  expect(await mine().resume(id)).toBe(false)
  expect(await counts(other)).toMatchObject({ queued: 1 })
})

it('creates no trial of a sweep that is paused or cancelled meanwhile', async () => {
  for (const end of ['pause', 'cancel'] as const) {
    const id = await createSweep(3)
    const sweep = await due(id)
    await mine()[end](id)
    expect(await stores.sweeps.addTrials(sweep, 3, planned(jobsOf(id, 1, 3)))).toBe(0)
    expect(await trialsOf(id)).toEqual([])
  }
})

it('is deleted after its end only, and its jobs stay', async () => {
  const id = await createSweep(1)
  await run(id, [0.5])
  expect(await mine().delete(id)).toBe(false)
  await stores.sweeps.finish()
  expect(await stores.sweeps.of('other').delete(id)).toBe(false)
  expect(await mine().delete(id)).toBe(true)
  const [job] = await stores.database.job.findMany()
  expect((await stores.jobs.get(job.id))?.sweep).toBeNull()
})

it('counts as stored until it is deleted', async () => {
  const { storedBytes } = await stores.tenants.use('local')
  const id = await createSweep(3)
  const { definition } = await stores.database.sweep.findUniqueOrThrow({ where: { id } })
  expect((await stores.tenants.use('local')).storedBytes).toBe(storedBytes + definition.length)
  await mine().cancel(id)
  await mine().delete(id)
  expect((await stores.tenants.use('local')).storedBytes).toBe(storedBytes)
})

it('shows deleted trials as such', async () => {
  const id = await createSweep(2)
  await run(id, [0.5, 0.6])
  await stores.database.job.deleteMany({ where: { trial: 1 } })
  expect(await mine().get(id)).toMatchObject({ created: 2, counts: { succeeded: 1, deleted: 1 } })
  const page = await mine().trials(id, { limit: 10 })
  expect(page?.data.map(({ trial, values }) => [trial, values])).toEqual([[2, { '/batchSize': 2 }]])
})

describe('points that depend on results', () => {
  const parameters = [
    { path: '/optimizer/type', values: ['sgd', 'adam'] },
    { path: '/optimizer/momentum', min: 0, max: 1, when: { path: '/optimizer/type', in: ['sgd'] } },
  ]
  const choices = [
    [0, 0.1 + 0.2],
    [1, null],
    [0, 0.5],
    [1, null],
  ]
  const chosen = choices.map((each, index) => ({ point: index + 1, choices: each }))

  it('are stored with their trials, and shown', async () => {
    const id = await createSweep(4, { parameters, search: { type: 'tpe', points: 4 } })
    const jobs = jobsOf(id, 1, 2)
    await stores.sweeps.addTrials(await due(id), 2, planned(jobs, [], chosen))
    await setStatus(stores, jobs[1].id, 'succeeded', { loss: 0.5 })
    // The others belong to later trials.
    expect(await stores.sweeps.points(id, 0)).toEqual([
      { point: 1, choices: choices[0], isEnded: false, isBad: false, score: null },
      { point: 2, choices: choices[1], isEnded: true, isBad: false, score: 0.5 },
    ])
    expect(await stores.sweeps.points(id, 1)).toMatchObject([{ point: 2 }])
    const page = await mine().trials(id, { limit: 10 })
    expect(page?.data.map(({ values }) => values)).toEqual([
      { '/optimizer/type': 'sgd', '/optimizer/momentum': 0.1 + 0.2 },
      { '/optimizer/type': 'adam' },
    ])
    expect((await mine().get(id))?.best).toMatchObject([{ point: 2, values: { '/optimizer/type': 'adam' } }])
  })

  it('have a result when all of their trials have ended', async () => {
    const id = await createSweep(8, { parameters, seeds: 2, search: { type: 'tpe', points: 4 } })
    // Trial 4 is refused, and the two trials of point 4 are stored one after the other.
    const jobs = [...jobsOf(id, 1, 3), ...jobsOf(id, 5, 7)]
    await stores.sweeps.addTrials(await due(id), 7, planned(jobs, [{ trial: 4, message: 'no' }], chosen))
    const rest = await mine().get(id)
    expect(rest).toMatchObject({ created: 7, counts: { refused: 1 } })
    for (const [index, job] of jobs.entries()) {
      await setStatus(stores, job.id, index === 3 ? 'failed' : 'succeeded', { loss: index })
    }
    const results = async () =>
      (await stores.sweeps.points(id, 0)).map(({ isEnded, isBad, score }) => ({ isEnded, isBad, score }))
    // (0 + 1) / 2; a refused trial; a failed one; one of two.
    const ended = [
      { isEnded: true, isBad: false, score: 0.5 },
      { isEnded: true, isBad: true, score: null },
      { isEnded: true, isBad: true, score: null },
    ]
    expect(await results()).toEqual([...ended, { isEnded: true, isBad: false, score: null }])
    await stores.sweeps.addTrials(await due(id), 8, planned(jobsOf(id, 8, 8), [], chosen))
    expect(await results()).toEqual([...ended, { isEnded: false, isBad: false, score: null }])
  })

  it('are deleted with their sweep', async () => {
    const id = await createSweep(4, { parameters, search: { type: 'tpe', points: 4 } })
    await stores.sweeps.addTrials(await due(id), 4, planned(jobsOf(id, 1, 4), [], chosen))
    await mine().cancel(id)
    await mine().delete(id)
    expect(await stores.database.sweepPoint.count({ where: { sweepId: id } })).toBe(0)
  })
})

describe('a search that stops trials early', () => {
  const search = { type: 'asha', points: 4, minimumEpochs: 2 }

  it('reads the trials that wait, and others by number', async () => {
    const id = await createSweep(4, { search })
    const jobs = jobsOf(id, 1, 3).map((job) => ({ ...job, pauseAfter: 2 }))
    await stores.sweeps.addTrials(await due(id), 4, planned(jobs, [{ trial: 4, message: 'no' }]))
    expect(await stores.sweeps.waiting()).toEqual([])
    await setStatus(stores, jobs[0].id, 'succeeded', { loss: 0.25 })
    await setStatus(stores, jobs[1].id, 'paused', { epoch: 2, loss: 0.5 })
    const [{ definition, ...sweep }] = await stores.sweeps.waiting()
    const waiting = { trial: 2, jobId: jobs[1].id, state: 'waiting', rungs: [], score: 0.5 }
    expect(sweep).toEqual({
      id,
      tenantId: 'local',
      created: 4,
      unfinished: expect.any(Array),
      waiting: [waiting],
    })
    expect(sweep.unfinished.toSorted()).toEqual([2, 3])
    expect(definition().search).toMatchObject(search)
    const read = await stores.sweeps.halvedTrials(id, [1, 2, 4])
    expect(read.toSorted((a, b) => a.trial - b.trial)).toEqual([
      { trial: 1, jobId: jobs[0].id, state: 'ended', rungs: [], score: 0.25 },
      waiting,
    ])
    await mine().pause(id)
    expect(await stores.sweeps.waiting()).toEqual([])
  })

  it('applies a decision once, also if the trial already waits for the next one', async () => {
    const id = await createSweep(1, { search })
    const [job] = jobsOf(id, 1, 1).map((each) => ({ ...each, pauseAfter: 2 }))
    await stores.sweeps.addTrials(await due(id), 1, planned([job]))
    await setStatus(stores, job.id, 'paused', { epoch: 2, loss: 0.5 })
    const first = { jobId: job.id, rung: 0, score: 0.5, action: 'continue', pauseAfter: 8 } as const
    await stores.sweeps.decide(id, [first])
    const stored = () => stores.database.job.findUniqueOrThrow({ where: { id: job.id } })
    expect(await stored()).toMatchObject({ status: 'queued', rungs: [0.5], pauseAfter: 8 })
    await setStatus(stores, job.id, 'paused', { epoch: 8, loss: 0.25 })
    // Of a process that read the trial before the other one continued it.
    await stores.sweeps.decide(id, [first])
    await stores.sweeps.decide(id, [{ ...first, action: 'stop' }])
    expect(await stored()).toMatchObject({ status: 'paused', rungs: [0.5], pauseAfter: 8 })
    await stores.sweeps.decide(id, [{ ...first, rung: 1, score: 0.25, action: 'stop' }])
    expect(await stored()).toMatchObject({ status: 'cancelled', rungs: [0.5, 0.25] })
  })
})
