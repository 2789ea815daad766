/** Overload: requests are answered or refused with Retry-After, and one tenant does not delay the others. */
import { randomUUID } from 'node:crypto'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemSchema } from '../../src/contract/problems.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { upTo } from '../support/watching.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
  await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}
const withRows = { ...xor, dataset: { x: [[0], [1]], y: [[0], [1]] } }

interface Sent {
  status: number
  body: unknown
  retryAfter: string | undefined
}

async function create({ header }: { header: string }, body: object, idempotencyKey?: string): Promise<Sent> {
  let post = request(service.app.server).post('/jobs').set('authorization', header)
  if (idempotencyKey !== undefined) post = post.set('idempotency-key', idempotencyKey)
  const { status, body: answer, headers } = await post.send(body)
  return { status, body: answer, retryAfter: headers['retry-after'] }
}

/** Counts accepted requests and those refused as too many. */
function count(answers: readonly Sent[]): { accepted: number; refused: number } {
  const accepted = answers.filter(({ status }) => status === 202).length
  const refused = answers.filter(({ status }) => status !== 202)
  for (const { status, body, retryAfter } of refused) {
    expect({ status, code: problemSchema.parse(body).code }).toEqual({ status: 503, code: 'overloaded' })
    expect(Number(retryAfter)).toBeGreaterThan(0)
  }
  return { accepted, refused: refused.length }
}

const isLong = process.env.LONG_TESTS !== undefined
/** Creations of one tenant, most of which wait. */
const flood = isLong ? 450 : 150

describe('concurrent creations', () => {
  it.each([
    ['plain jobs', xor, false] as const,
    // Larger, but limited by the same queues.
    ...(!isLong
      ? []
      : ([
          ['jobs under Idempotency-Keys', xor, true],
          ['jobs with inline rows', withRows, false],
        ] as const)),
  ])(
    'of 600 %s are accepted, or refused with the time to come back',
    async (_what, body, hasKey) => {
      const key = await keyFor(service, `flood ${randomUUID()}`, ['jobs:write'])
      const before = await service.database.job.count()
      const answers = await Promise.all(
        upTo(600).map(() => create(key, body, hasKey ? randomUUID() : undefined)),
      )
      const { accepted } = count(answers)
      expect(accepted).toBeGreaterThan(0)
      expect((await service.database.job.count()) - before).toBe(accepted)
    },
    60_000,
  )

  it('do not prevent a creation by another tenant', async () => {
    const crowd = await keyFor(service, 'flood', ['jobs:write'])
    const other = await keyFor(service, 'other', ['jobs:write'])
    let ended = 0
    const flooding = upTo(flood).map(async () => {
      const answer = await create(crowd, withRows, randomUUID())
      ended += 1
      return answer
    })
    const first = await create(other, withRows, randomUUID())
    expect(first.status).toBe(202)
    // In a shared queue, this request would be last.
    expect(ended).toBeLessThan((2 / 3) * flood)
    count(await Promise.all(flooding))
  }, 60_000)
})
