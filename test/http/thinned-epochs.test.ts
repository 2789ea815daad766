/** The thinned history of a finished job over HTTP. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import { historyThinner } from '../../src/store/history-thinner.js'
import { openApp, type RunningApp } from '../support/app.js'
import { epochsOf, linearModel, startJob, storeEpochs } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp
let id: string

beforeAll(async () => {
  service = await openApp()
  const claim = await startJob(service)
  id = claim.jobId
  await storeEpochs(service, claim, epochsOf(upTo(1_000)))
  await service.runs.succeed(claim, linearModel())
  await historyThinner(service.database, 101).cleanUp()
})

afterAll(() => service.close())

async function read(
  query: string,
): Promise<{ data: Epoch[]; hasMore: boolean; lastId: number | null; epochsKept: number }> {
  const { body } = await request(service.app.server).get(`/jobs/${id}/epochs?${query}`).expect(200)
  return body
}

describe('GET /jobs/{id}/epochs of a thinned history', () => {
  it('returns the number of kept epochs, and their pages', async () => {
    const numbers: number[] = []
    for (let after = 0; ; ) {
      const page = await read(`limit=30&after=${after}`)
      expect(page.epochsKept).toBe(100)
      numbers.push(...page.data.map(({ epoch }) => epoch))
      expect(page.lastId).toBe(numbers.at(-1))
      if (!page.hasMore) break
      expect(page.data).toHaveLength(30)
      after = page.lastId ?? 0
    }
    expect(numbers).toHaveLength(100)
    expect([numbers[0], numbers.at(-1)]).toEqual([1, 1_000])
  })

  it('spaces points over the kept epochs', async () => {
    const { data, epochsKept } = await read('points=10')
    expect(epochsKept).toBe(100)
    expect(data).toHaveLength(10)
    expect([data[0].epoch, data[9].epoch]).toEqual([1, 1_000])
  })

  it('reports it in the job, and returns CSV with the same numbers', async () => {
    const { body: job } = await request(service.app.server).get(`/jobs/${id}`).expect(200)
    expect(job).toMatchObject({ epoch: 1_000, epochsKept: 100 })
    const { text } = await request(service.app.server)
      .get(`/jobs/${id}/epochs`)
      .set('accept', 'text/csv')
      .expect(200)
    const rows = text.trimEnd().split('\n').slice(1)
    const { data } = await read('limit=1000')
    expect(rows.map((row) => Number(row.split(',')[0]))).toEqual(data.map(({ epoch }) => epoch))
  })
})
