/** A stream of many jobs has the messages of single streams, even if hints are lost or duplicated. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { unpackEpochs } from '../../src/contract/packed-epochs.js'
import { Live } from '../../src/live/live.js'
import type { MultiWatch } from '../../src/live/multi-watch.js'
import { type LiveMessage, messageJobId } from '../../src/live/sink.js'
import { newId } from '../../src/training/new-id.js'
import type { ClaimedJob } from '../../src/training/ports/runs.js'
import { eventually } from '../support/service.js'
import {
  epochsOf,
  linearModel,
  newJob,
  openStores,
  type Stores,
  startJob,
  storeEpochs,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let live: Live

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => {
  const noBoundaries = { readAfter: async () => ({ frames: [], position: 0 }) }
  live = new Live(stores.watching, noBoundaries, (error) => {
    throw error
  })
})

afterEach(() => {
  live.close()
  vi.restoreAllMocks()
})

function openStream(summary = false) {
  const messages: LiveMessage[] = []
  const missing: string[] = []
  const stream: MultiWatch = live.openMany(
    'local',
    {
      isReady: () => true,
      send: async (message) => void messages.push(message),
      sendMissing: async (jobId) => void missing.push(jobId),
    },
    { summary },
  )
  const of = (jobId: string) => messages.filter((message) => messageJobId(message) === jobId)
  return {
    stream,
    messages,
    missing,
    of,
    numbers: (jobId: string) =>
      of(jobId).flatMap((message) =>
        message.type === 'epochs' ? unpackEpochs(message.epochs).map(({ epoch }) => epoch) : [],
      ),
    types: (jobId: string) => of(jobId).map(({ type }) => type),
  }
}

async function train(claim: ClaimedJob, from: number, count: number): Promise<number> {
  expect(await storeEpochs(stores, claim, epochsOf(upTo(from + count).slice(from)))).toBe(true)
  return from + count
}

async function startJobs(count: number): Promise<ClaimedJob[]> {
  const claims: ClaimedJob[] = []
  for (const _ of upTo(count)) claims.push(await startJob(stores))
  return claims
}

describe('a stream of many jobs', () => {
  const steps = fc.array(
    fc.record({
      job: fc.nat({ max: 3 }),
      epochs: fc.integer({ min: 1, max: 30 }),
      hint: fc.constantFrom('lost', 'correct', 'duplicated', 'early', 'late'),
    }),
    { minLength: 4, maxLength: 16 },
  )
  const places = fc.array(fc.constantFrom(0, 0, 1, 7), { minLength: 4, maxLength: 4 })

  it('sends each epoch once and in order, with hints lost, duplicated, early or late', async () => {
    await fc.assert(
      fc.asyncProperty(steps, places, async (steps, afters) => {
        const claims = await startJobs(4)
        const stored = claims.map(() => 0)
        const { stream, of, numbers, types, missing } = openStream()
        const watched = stream.watch(claims.map(({ jobId }, index) => ({ id: jobId, after: afters[index] })))
        for (const { job, epochs, hint } of steps) {
          const { jobId } = claims[job]
          const before = stored[job]
          if (hint === 'early') live.report({ jobId, status: 'running', epoch: before + epochs })
          stored[job] = await train(claims[job], before, epochs)
          if (hint === 'late') live.report({ jobId, status: 'running', epoch: before })
          if (hint === 'correct' || hint === 'duplicated')
            live.report({ jobId, status: 'running', epoch: stored[job] })
          if (hint === 'duplicated') live.report({ jobId, status: 'running', epoch: stored[job] })
        }
        for (const claim of claims) await stores.runs.succeed(claim, linearModel())
        await live.refresh()
        await watched
        expect(missing).toEqual([])
        for (const [index, { jobId }] of claims.entries()) {
          expect(numbers(jobId)).toEqual(upTo(stored[index]).slice(afters[index]))
          expect(types(jobId)[0]).toBe('job')
          expect(of(jobId).at(-1)).toMatchObject({
            type: 'end',
            job: { status: 'succeeded', epoch: stored[index] },
          })
          expect(types(jobId).filter((type) => type === 'end')).toHaveLength(1)
        }
        stream.close()
      }),
      { numRuns: 8 },
    )
  })

  it('reads many jobs with one statement', async () => {
    const ids: string[] = []
    for (const _ of upTo(200)) ids.push((await stores.jobs.create(newJob())).id)
    const read = vi.spyOn(stores.watching, 'jobs')
    const { stream, messages } = openStream()
    void stream.watch(ids.map((id) => ({ id, after: 0 })))
    await eventually(() => messages.length === 200 || undefined)
    expect(read.mock.calls.length).toBeLessThan(40)
    stream.close()
  })

  it('reports jobs of another tenant and unknown jobs as missing', async () => {
    const foreign = await stores.jobs.of('another').create(newJob())
    const own = await stores.jobs.create(newJob())
    const { stream, missing, types } = openStream()
    const unknown = newId('job')
    void stream.watch([foreign.id, unknown, own.id].map((id) => ({ id, after: 0 })))
    await eventually(() => types(own.id).length === 1 || undefined)
    await eventually(() => missing.length === 2 || undefined)
    expect(missing.toSorted()).toEqual([foreign.id, unknown].toSorted())
    expect(types(foreign.id)).toEqual([])
    expect([stream.size, live.watched]).toEqual([1, 1])
    stream.close()
  })

  it('reports a deleted job, and continues with the others', async () => {
    const [deleted, other] = await startJobs(2)
    const { stream, missing, numbers, types } = openStream()
    void stream.watch([deleted, other].map(({ jobId }) => ({ id: jobId, after: 0 })))
    await eventually(() => types(other.jobId)[0])
    await eventually(() => types(deleted.jobId)[0])
    await stores.database.job.delete({ where: { id: deleted.jobId } })
    await live.refresh()
    await eventually(() => missing[0])
    expect(missing).toEqual([deleted.jobId])
    await train(other, 0, 3)
    await live.refresh()
    await eventually(() => numbers(other.jobId).length === 3 || undefined)
    stream.close()
  })

  it('restarts a job that is watched again, and sends nothing of an unwatched job', async () => {
    const [again, left] = await startJobs(2)
    for (const claim of [again, left]) await train(claim, 0, 5)
    const { stream, messages, numbers, types } = openStream()
    void stream.watch([again, left].map(({ jobId }) => ({ id: jobId, after: 0 })))
    await eventually(
      () => (numbers(again.jobId).length === 5 && numbers(left.jobId).length === 5) || undefined,
    )
    messages.splice(0)
    stream.unwatch(left.jobId)
    void stream.watch([{ id: again.jobId, after: 2 }])
    await eventually(() => numbers(again.jobId).length === 3 || undefined)
    expect(numbers(again.jobId)).toEqual([3, 4, 5])
    expect(types(again.jobId)).toEqual(['job', 'epochs'])
    await train(left, 5, 1)
    await stores.jobs.cancel(left.jobId)
    await stores.jobs.cancel(again.jobId)
    await live.refresh()
    await eventually(() => types(again.jobId).at(-1) === 'end' || undefined)
    expect(types(left.jobId)).toEqual([])
    expect([stream.size, live.watched]).toEqual([0, 0])
    stream.close()
  })

  it('counts as one stream, and leaves no feed after it is closed', async () => {
    const claims = await startJobs(5)
    const { stream, types } = openStream()
    const watched = stream.watch(claims.map(({ jobId }) => ({ id: jobId, after: 0 })))
    await eventually(() => claims.every(({ jobId }) => types(jobId).length > 0) || undefined)
    expect([live.watchers, live.watched]).toEqual([1, 5])
    stream.close()
    await watched
    expect(await stream.closed).toBe('gone')
    expect([live.watchers, live.watched]).toEqual([0, 0])
  })

  it('reports that the service closes', async () => {
    const [claim] = await startJobs(1)
    const { stream } = openStream()
    void stream.watch([{ id: claim.jobId, after: 0 }])
    live.close()
    expect(await stream.closed).toBe('closing')
    expect(await openStream().stream.closed).toBe('closing')
  })

  it('fails when the database does', async () => {
    const [claim] = await startJobs(1)
    vi.spyOn(stores.watching, 'jobs').mockRejectedValueOnce(new Error('the database is down'))
    const { stream } = openStream()
    await expect(stream.watch([{ id: claim.jobId, after: 0 }])).rejects.toThrow('down')
    expect(live.watched).toBe(0)
    stream.close()
  })
})

describe('a summary', () => {
  it('sends the progress of the job without its epochs, and its end', async () => {
    const [claim] = await startJobs(1)
    const { jobId } = claim
    const { stream, of } = openStream(true)
    const watched = stream.watch([{ id: jobId, after: 0 }])
    const epochs = () => of(jobId).flatMap((message) => (message.type === 'job' ? message.job.epoch : []))
    await eventually(() => epochs().length === 1 || undefined)
    await train(claim, 0, 7)
    live.report({ jobId, status: 'running', epoch: 7 })
    await eventually(() => epochs().at(-1) === 7 || undefined)
    await train(claim, 7, 3)
    await stores.runs.succeed(claim, linearModel())
    live.report({ jobId, status: 'succeeded', epoch: 10 })
    await watched
    expect(of(jobId).map(({ type }) => type)).toEqual(['job', 'job', 'job', 'end'])
    expect(epochs()).toEqual([0, 7, 10])
    stream.close()
  })

  it('limits its rate when hints are frequent', async () => {
    const [claim] = await startJobs(1)
    const { jobId } = claim
    const { stream, of } = openStream(true)
    void stream.watch([{ id: jobId, after: 0 }])
    await eventually(() => of(jobId).length === 1 || undefined)
    let epoch = 0
    for (const _ of upTo(20)) {
      epoch = await train(claim, epoch, 1)
      live.report({ jobId, status: 'running', epoch })
    }
    await eventually(() => {
      const last = of(jobId).at(-1)
      return (last?.type === 'job' && last.job.epoch === 20) || undefined
    })
    expect(of(jobId).length).toBeLessThan(20)
    stream.close()
  })
})
