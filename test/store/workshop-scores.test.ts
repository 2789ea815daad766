/** Runs to score are claimed for a time, so that another process continues after one that died. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tableFromInline } from '../../src/datasets/inline.js'
import { newId } from '../../src/training/new-id.js'
import { byTest } from '../support/actor.js'
import { clearQueue, linearModel, openStores, type Stores, startJob } from '../support/stores.js'
import { uploadOf } from '../support/tables.js'

let stores: Stores
let workshopId: string
let dataset: string

beforeAll(async () => {
  stores = await openStores()
  dataset = (await stores.datasets.of('teacher').create(uploadOf(tableFromInline({ x: [[0, 1]], y: [1] }))))
    .id
})

afterAll(() => stores.close())

beforeEach(async () => {
  await clearQueue(stores)
  await stores.database.workshop.deleteMany()
  const leaderboard = { dataset, metric: 'mae' } as const
  const spec = null
  workshopId = newId('workshop')
  const workshop = { id: workshopId, tenantId: 'teacher', name: null, spec, leaderboard, hours: 1 }
  await stores.workshops.create({ ...workshop, drawCode: () => 'ABCDEF' }, byTest)
})

let joined = 0

/** Resolves with the tenant. */
async function join(): Promise<string> {
  joined++
  const tenantId = `participant-${joined}`
  const key = { id: newId('key'), sha256: `hash ${joined}`, scopes: [] }
  const participant = { code: 'ABCDEF', nickname: `n${joined}`, tenantId, limits: {}, key }
  await stores.workshops.join(participant, byTest)
  return tenantId
}

async function succeed(tenantId: string): Promise<string> {
  const claim = await startJob(stores, 'worker_a', { tenantId })
  await stores.runs.succeed(claim, linearModel())
  return claim.jobId
}

const claim = async (limit = 8) => stores.scores.claim(limit)
const jobsOf = async (limit?: number) => (await claim(limit)).map(({ jobId }) => jobId)

/** As if the minute of the claims were over. */
const endLeases = () =>
  stores.database.workshopScore.updateMany({
    where: { claimedUntil: { not: null } },
    data: { claimedUntil: new Date(Date.now() - 1) },
  })

describe('a claim of runs', () => {
  it('takes the newest of each participant, and each run once', async () => {
    const [a, b] = [await join(), await join()]
    const [old, newer, other] = [await succeed(a), await succeed(a), await succeed(b)]
    // Neither a run that has not succeeded, nor one of another tenant.
    await startJob(stores, 'worker_a', { tenantId: a })
    await succeed('stranger')
    expect((await jobsOf()).toSorted()).toEqual([newer, other].toSorted())
    expect(await jobsOf()).toEqual([old])
    expect(await jobsOf()).toEqual([])
  })

  it('takes no more than the limit, the oldest first', async () => {
    const [a, b, c] = [await join(), await join(), await join()]
    const runs = [await succeed(c), await succeed(a), await succeed(b)]
    expect((await jobsOf(2)).toSorted()).toEqual(runs.slice(0, 2).toSorted())
  })

  it('is repeated after its lease, and then alone counts', async () => {
    const tenantId = await join()
    const jobId = await succeed(tenantId)
    const [lost] = await claim()
    expect(lost).toMatchObject({ jobId, tenantId, workshopId, teacherId: 'teacher', attempts: 1 })
    await endLeases()
    const [again] = await claim()
    expect(again).toMatchObject({ jobId, attempts: 2 })
    await stores.scores.record(lost, { score: 1 })
    expect((await stores.scores.standings(workshopId, 'mae'))[0].score).toBeNull()
    await stores.scores.record(again, { score: 2 })
    expect((await stores.scores.standings(workshopId, 'mae'))[0].score).toBe(2)
    await endLeases()
    expect(await claim()).toEqual([])
  })

  it('records nothing after the leaderboard changed', async () => {
    await succeed(await join())
    const [before] = await claim()
    const leaderboard = { dataset, metric: 'rmse' } as const
    await stores.workshops.change('teacher', workshopId, { leaderboard })
    await stores.scores.record(before, { score: 1 })
    const [after] = await claim()
    expect(after).toMatchObject({ attempts: 1, leaderboard })
    await stores.scores.record(before, { score: 1 })
    expect((await stores.scores.standings(workshopId, 'rmse'))[0].score).toBeNull()
  })

  it('finds nothing without a leaderboard, or after the end of the workshop', async () => {
    await succeed(await join())
    const past = new Date(Date.now() - 1_000)
    const { expiresAt } = await stores.database.workshop.findUniqueOrThrow({ where: { id: workshopId } })
    await stores.database.workshop.update({ where: { id: workshopId }, data: { expiresAt: past } })
    expect([await stores.scores.anyOpen(), await claim()]).toEqual([false, []])
    await stores.database.workshop.update({ where: { id: workshopId }, data: { expiresAt } })
    expect(await stores.scores.anyOpen()).toBe(true)
    await stores.workshops.change('teacher', workshopId, { leaderboard: null })
    expect([await stores.scores.anyOpen(), await claim()]).toEqual([false, []])
  })

  it('ends with the job', async () => {
    const tenantId = await join()
    const jobId = await succeed(tenantId)
    const [due] = await claim()
    await stores.jobs.of(tenantId).delete(jobId)
    await stores.scores.record(due, { score: 1 })
    expect(await stores.database.workshopScore.count()).toBe(0)
  })
})
