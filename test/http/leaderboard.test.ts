/** The leaderboard of a workshop: runs are evaluated on rows of the teacher, which participants do not see. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import type { Leaderboard, StandingDetail } from '../../src/contract/leaderboard.js'
import { type Membership, membershipSchema, workshopDetailSchema } from '../../src/contract/workshop.js'
import type { NewModel } from '../../src/training/ports/models.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { eventually } from '../support/service.js'
import { float32Bytes, linearModel, startJob } from '../support/stores.js'

let service: RunningApp
let teacher: string

beforeAll(async () => {
  service = await openApp()
  teacher = (await keyFor(service, 'teacher', ['workshops:write', 'datasets:write'])).header
})

afterAll(() => service.close())

function send(method: 'get' | 'post' | 'patch' | 'delete', path: string, key: string | null, body?: object) {
  const sent = request(service.app.server)[method](path)
  if (key !== null) sent.set('authorization', key)
  return body === undefined ? sent : sent.send(body)
}

async function upload(csv: string, key = teacher): Promise<string> {
  const sent = request(service.app.server).post('/datasets').set('authorization', key)
  return (await sent.set('content-type', 'text/csv').send(csv).expect(201)).body.id
}

const hidden = 'a,b,y\n1,1,7\n1,2,9\n'

async function open(): Promise<{ id: string; code: string }> {
  return (await send('post', '/workshops', teacher, {}).expect(201)).body
}

/** Evaluates all runs soon. */
const evaluate = (id: string, leaderboard: Leaderboard) =>
  send('patch', `/workshops/${id}`, teacher, { leaderboard }).expect(200)

async function join(code: string, nickname: string): Promise<string> {
  const { body } = await send('post', '/workshop/join', null, { code, nickname }).expect(201)
  return `Bearer ${body.key}`
}

const predicts = (name: string): Coding => ({
  ...linearModel().coding,
  target: { type: 'number', names: [name], binary: false },
})

/** A succeeded run whose model is w₁ a + w₂ b + w₃. Resolves with its id. */
async function train(nickname: string, weights: number[], changes: Partial<NewModel> = {}): Promise<string> {
  const { tenantId } = await service.database.participant.findFirstOrThrow({ where: { nickname } })
  const claim = await startJob(service, 'worker_a', { tenantId, name: `run of ${nickname}` })
  const plain = linearModel({ loss: 'meanSquaredError', weights: float32Bytes(weights) })
  await service.runs.succeed(claim, { ...plain, coding: predicts('y'), ...changes })
  return claim.jobId
}

const detail = async (id: string) =>
  workshopDetailSchema.parse((await send('get', `/workshops/${id}`, teacher).expect(200)).body)

/** Waits until these participants have a score or a problem. */
const standings = (id: string, count: number) =>
  eventually(async () => {
    const { standings } = await detail(id)
    const known = standings.filter(({ score, problem }) => score !== null || problem !== null)
    return known.length >= count ? standings : undefined
  })

const membership = async (key: string): Promise<Membership> =>
  membershipSchema.parse((await send('get', '/workshop', key).expect(200)).body)

describe('a leaderboard', () => {
  it('ranks the best run of each participant, by errors on rows that they cannot read', async () => {
    const dataset = await upload(hidden)
    const { id, code } = await open()
    const [ada, grace] = [await join(code, 'ada'), await join(code, 'grace')]
    await join(code, 'idle')
    // Predicts 6 and 9: errors 1 and 0.
    await train('ada', [2, 3, 1])
    // 5 and 5: errors 2 and 4.
    const best = await train('grace', [0, 0, 5])
    expect(await membership(ada)).toMatchObject({ metric: null, standings: [] })
    const leaderboard = { dataset, metric: 'mae' } as const
    const changed = await evaluate(id, leaderboard)
    expect(changed.body.leaderboard).toEqual(leaderboard)

    const first = await standings(id, 2)
    expect(first.map(({ rank, nickname, score }) => [rank, nickname, score])).toEqual([
      [1, 'ada', expect.closeTo(0.5, 6)],
      [2, 'grace', expect.closeTo(3, 6)],
      [null, 'idle', null],
    ])
    expect(first[1]).toMatchObject({ run: { id: best, name: 'run of grace' }, scored: 1, problem: null })

    // 7 and 9 are exact. A worse run after it changes nothing.
    const exact = await train('grace', [2, 2, 3])
    await train('grace', [0, 0, 0])
    await evaluate(id, leaderboard)
    await eventually(async () => (await standings(id, 2))[0].scored === 3 || undefined)
    expect((await standings(id, 2))[0]).toMatchObject({ rank: 1, nickname: 'grace', run: { id: exact } })

    const seen = await membership(grace)
    expect(seen.metric).toBe('mae')
    expect(seen.standings.map(({ rank, nickname }) => [rank, nickname])).toEqual([
      [1, 'grace'],
      [2, 'ada'],
      [null, 'idle'],
    ])
    expect(JSON.stringify(seen)).not.toContain(dataset)
    expect(JSON.stringify(seen)).not.toContain('detail')
    for (const path of [`/datasets/${dataset}`, `/datasets/${dataset}/rows`])
      await send('get', path, grace).expect(404)
    const csv = (await send('get', `/workshops/${id}/runs.csv`, teacher).expect(200)).text
    const scores = csv.split('\r\n').map((line) => line.split(',').at(-2))
    expect(scores.slice(0, 2)).toEqual(['score', expect.stringMatching(/^0?\.5/)])
  })

  it('ranks equal scores equally, and the highest R² first', async () => {
    const { id, code } = await open()
    for (const nickname of ['emmy', 'ida', 'mary']) await join(code, nickname)
    // Σ(y − ȳ)² is 2, so errors of 1 and 0 make R² ½, and errors of 2 and 4 make it −9.
    await train('emmy', [0, 0, 5])
    for (const nickname of ['ida', 'mary']) await train(nickname, [2, 3, 1])
    await evaluate(id, { dataset: await upload(hidden), metric: 'r2' })
    const ranked = (found: StandingDetail[]) =>
      found.map(({ rank, nickname, score }) => [rank, nickname, score])
    expect(ranked(await standings(id, 3))).toEqual([
      [1, 'ida', expect.closeTo(0.5, 6)],
      [1, 'mary', expect.closeTo(0.5, 6)],
      [3, 'emmy', expect.closeTo(-9, 6)],
    ])
  })

  it('says why a run has no score, and shows hidden values to the teacher alone', async () => {
    const { id, code } = await open()
    const sofia = await join(code, 'sofia')
    await join(code, 'other')
    await train('sofia', [2, 3, 1])
    await train('other', [2, 3, 1], { coding: predicts('z') })
    await evaluate(id, { dataset: await upload('a,c,y\n1,1,7\n'), metric: 'mae' })
    expect(await standings(id, 2)).toMatchObject([
      { nickname: 'sofia', score: null, problem: 'does-not-fit', detail: expect.stringContaining(' b') },
      { nickname: 'other', problem: 'other-target', detail: 'The model predicts z, not y.' },
    ])
    const seen = await membership(sofia)
    expect(seen.standings[0]).toMatchObject({ problem: 'does-not-fit' })
    expect(seen.standings[0]).not.toHaveProperty('detail')
  })

  it('evaluates again by another metric, and ends with its dataset', async () => {
    const dataset = await upload(hidden)
    const { id, code } = await open()
    await join(code, 'rosa')
    await train('rosa', [2, 3, 1])
    await evaluate(id, { dataset, metric: 'mae' })
    expect((await standings(id, 1))[0].score).toBeCloseTo(0.5, 6)
    await evaluate(id, { dataset, metric: 'rmse' })
    expect((await standings(id, 1))[0].score).toBeCloseTo(Math.SQRT1_2, 6)
    await evaluate(id, { dataset, metric: 'accuracy' })
    expect((await standings(id, 1))[0].problem).toBe('other-task')
    await send('delete', `/datasets/${dataset}`, teacher).expect(204)
    expect(await detail(id)).toMatchObject({ leaderboard: null, standings: [] })
  })

  it('needs a dataset of the teacher with a target, and a key that may read it', async () => {
    const { id } = await open()
    const other = (await keyFor(service, 'elsewhere', ['datasets:write'])).header
    const set = async (dataset: string, key = teacher) => {
      const leaderboard = { dataset, metric: 'mae' }
      const { status, body } = await send('patch', `/workshops/${id}`, key, { leaderboard })
      return [status, body.code]
    }
    expect(await set(await upload(hidden, other))).toEqual([404, 'not-found'])
    const blind = (await keyFor(service, 'teacher', ['workshops:write'])).header
    expect(await set(await upload(hidden), blind)).toEqual([403, 'forbidden'])
    expect(await set('xor')).toEqual([400, 'invalid-request'])
  })
})
