/** What watchers receive, even if hints are lost or duplicated. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { lastEpoch, unpackEpochs } from '../../src/contract/packed-epochs.js'
import { Live } from '../../src/live/live.js'
import type { LiveMessage, Sink } from '../../src/live/sink.js'
import { newId } from '../../src/training/new-id.js'
import type { BoundaryReader } from '../../src/training/ports/boundaries.js'
import type { ClaimedJob } from '../../src/training/ports/runs.js'
import { readEpochs } from '../support/read-epochs.js'
import { eventually } from '../support/service.js'
import {
  clearQueue,
  epochsOf,
  linearModel,
  newJob,
  openStores,
  type Stores,
  startJob,
  storeEpochs,
  xorSpec,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let live: Live

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => {
  live = new Live(stores.watching, { readAfter: boundariesAfter }, (error) => {
    throw error
  })
})

afterEach(() => {
  live.close()
  vi.restoreAllMocks()
})

const predictors = { drawBoundary: () => Promise.reject(new Error('the test draws the frames')) }
const view = {
  tenantId: 'local',
  grid: { axes: [{ column: 'x', min: 0, max: 1 }], size: 2 },
  ...{ hasWeights: false, predictors },
}

/** A frame for each epoch, two at a time. */
const boundariesAfter: BoundaryReader['readAfter'] = async (job, after, view) => {
  const position = Math.min(job.epoch, after + 2)
  const epochs = upTo(position).filter((epoch) => epoch > after)
  const frame = { outputs: 1, range: [0, 1] as [number, number], values: 'AAD//w==' }
  return { frames: epochs.map((epoch) => ({ type: 'boundary', epoch, ...view.grid, ...frame })), position }
}

function watch(
  jobId: string,
  after = 0,
  boundary = { isReady: true, view: undefined as typeof view | undefined },
) {
  const messages: LiveMessage[] = []
  const opened = live.open('local', jobId, after)
  const sink: Sink = {
    isReady: () => boundary.isReady,
    send: async (message) => void messages.push(message),
  }
  const epochs = () =>
    messages.flatMap((message) => (message.type === 'epochs' ? unpackEpochs(message.epochs) : []))
  return {
    messages,
    ended: opened.then((found) => found?.follow(sink, { view: boundary.view }) ?? 'deleted'),
    leave: async () => (await opened)?.close(),
    epochs,
    numbers: () => epochs().map(({ epoch }) => epoch),
  }
}

/** Stores `count` more epochs. */
async function train(claim: ClaimedJob, from: number, count: number): Promise<number> {
  const epochs = epochsOf(upTo(from + count).slice(from))
  expect(await storeEpochs(stores, claim, epochs)).toBe(true)
  return from + count
}

describe('a watcher', () => {
  const disorder = fc.array(
    fc.record({
      epochs: fc.integer({ min: 1, max: 30 }),
      hint: fc.constantFrom('lost', 'correct', 'duplicated', 'early', 'late'),
    }),
    { minLength: 1, maxLength: 8 },
  )

  it('receives each epoch once and in order, with hints lost, duplicated, early or late', async () => {
    await fc.assert(
      fc.asyncProperty(disorder, async (steps) => {
        const claim = await startJob(stores)
        const { jobId } = claim
        const watcher = watch(jobId)
        let epoch = 0
        for (const { epochs, hint } of steps) {
          const before = epoch
          if (hint === 'early') live.report({ jobId, status: 'running', epoch: before + epochs })
          epoch = await train(claim, before, epochs)
          if (hint === 'late') live.report({ jobId, status: 'running', epoch: before })
          if (hint === 'correct' || hint === 'duplicated') live.report({ jobId, status: 'running', epoch })
          if (hint === 'duplicated') live.report({ jobId, status: 'running', epoch })
        }
        await live.refresh()
        await eventually(() => watcher.numbers().length >= epoch || undefined)
        await stores.runs.succeed(claim, linearModel())
        await live.refresh()
        expect(await watcher.ended).toBe('ended')
        expect(watcher.numbers()).toEqual(upTo(epoch))
        expect(watcher.messages[0]).toMatchObject({ type: 'job', job: { id: jobId } })
        expect(watcher.messages.slice(-2)).toMatchObject([
          { type: 'job', job: { status: 'succeeded' } },
          { type: 'end', job: { status: 'succeeded', epoch } },
        ])
      }),
      { numRuns: 12 },
    )
  })

  it('receives the epochs of an early hint after the next poll', async () => {
    const claim = await startJob(stores)
    const watcher = watch(claim.jobId)
    await eventually(() => watcher.messages[0])
    const read = vi.spyOn(stores.watching, 'jobs')
    live.report({ jobId: claim.jobId, status: 'running', epoch: 5 })
    await eventually(() => read.mock.settledResults.some(({ type }) => type === 'fulfilled') || undefined)
    await train(claim, 0, 5)
    await live.refresh()
    await eventually(() => watcher.numbers().length === 5 || undefined)
    await watcher.leave()
    expect(await watcher.ended).toBe('gone')
  })

  it('receives exactly the epochs after its position', async () => {
    const claim = await startJob(stores)
    await train(claim, 0, 5_000)
    await stores.jobs.cancel(claim.jobId)
    const [all, rest, none] = [watch(claim.jobId), watch(claim.jobId, 4_990), watch(claim.jobId, 9_999)]
    await Promise.all([all.ended, rest.ended, none.ended])
    expect(all.numbers()).toEqual(upTo(5_000))
    expect(all.epochs()).toEqual(await readEpochs(stores, claim.jobId, 0, 9_999))
    expect(rest.numbers()).toEqual(upTo(5_000).slice(4_990))
    expect(none.messages.map(({ type }) => type)).toEqual(['job', 'end'])
  })

  it('receives the number of epochs that folds have chosen, and at the end the metrics of the model', async () => {
    const claim = await startJob(stores)
    const { jobId } = claim
    const watcher = watch(jobId)
    await eventually(() => watcher.messages[0])
    const jobs = () => watcher.messages.flatMap((message) => (message.type === 'job' ? message.job : []))
    const { spec } = claim
    const metrics = Float64Array.from([0.5, 1, 2, 0.25, 0.25, 1, 3, 0.5])
    await stores.runs.record(claim, {
      ...{ epochs: { firstEpoch: 1, metrics }, seconds: 0, backend: 'wasm', backendDetail: null },
      ...{ checkpoint: null, snapshots: null, plannedEpochs: 2 },
    })
    live.report({ jobId, status: 'running', epoch: 2 })
    await eventually(() => jobs().length === 2 || undefined)
    expect(jobs().map(({ epochs }) => epochs)).toEqual([spec.epochs, 2])
    await stores.runs.succeed(claim, linearModel(), 1)
    live.report({ jobId, status: 'succeeded', epoch: 2 })
    expect(await watcher.ended).toBe('ended')
    const best = { loss: 0.5, accuracy: 1, valLoss: 2, valAccuracy: 0.25 }
    const ended = { status: 'succeeded', epoch: 2, epochs: 2, bestEpoch: 1, metrics: best }
    expect(watcher.messages.slice(-2)).toMatchObject([
      { type: 'job', job: ended },
      { type: 'end', job: ended },
    ])
  })

  it('receives every change of status', async () => {
    const claim = await startJob(stores)
    const watcher = watch(claim.jobId)
    const statuses = () =>
      watcher.messages.flatMap((message) => (message.type === 'job' ? message.job.status : []))
    await eventually(() => statuses().length === 1 || undefined)
    await stores.runs.release(claim, 'worker-stopped')
    await live.refresh()
    await eventually(() => statuses().length === 2 || undefined)
    await stores.jobs.cancel(claim.jobId)
    await live.refresh()
    await watcher.ended
    expect(statuses()).toEqual(['running', 'queued', 'cancelled'])
  })

  it('receives the place of a queued job when it changes, and only then', async () => {
    await clearQueue(stores)
    const place = { host: 'machine', processId: 7 }
    await stores.workers.report({ id: 'worker_a', threads: 1, busyThreads: 0, backend: 'native', ...place })
    // Each is estimated to take 100 s.
    const long = () => newJob({ spec: xorSpec({ epochs: 1 }), stepsPerEpoch: 0, flopsPerEpoch: 1e11 })
    const first = await stores.jobs.create(long())
    const { id } = await stores.jobs.create(long())
    const watcher = watch(id)
    const places = () =>
      watcher.messages.flatMap((message) => {
        if (message.type !== 'job') return []
        const { queuePosition, estimatedStartAt } = message.job
        const wait = Math.round((Date.parse(estimatedStartAt ?? '') - Date.now()) / 1_000)
        return [[queuePosition, Math.max(0, wait)]]
      })
    await eventually(() => places().length === 1 || undefined)
    const reads = vi.spyOn(stores.watching, 'jobs')
    await live.refresh()
    await eventually(() => reads.mock.results.length === 1 || undefined)
    await stores.jobs.cancel(first.id)
    await live.refresh()
    await eventually(() => places().length === 2 || undefined)
    expect(places()).toEqual([
      [2, 100],
      [1, 0],
    ])
    await watcher.leave()
    await watcher.ended
  })

  it('learns that its job does not exist, or was deleted', async () => {
    expect(await watch(newId('job')).ended).toBe('deleted')
    const { jobId } = await startJob(stores)
    const watcher = watch(jobId)
    await eventually(() => watcher.messages[0])
    await stores.database.job.delete({ where: { id: jobId } })
    await live.refresh()
    expect(await watcher.ended).toBe('deleted')
    expect(live.watched).toBe(0)
  })

  it('is removed when it leaves', async () => {
    const { jobId } = await startJob(stores)
    const [first, second] = [watch(jobId), watch(jobId)]
    await eventually(() => second.messages[0])
    await first.leave()
    await first.ended
    expect(live.watched).toBe(1)
    await second.leave()
    await second.ended
    expect(live.watched).toBe(0)
  })

  it('ends without a message when watching closes', async () => {
    const { jobId } = await startJob(stores)
    const watcher = watch(jobId)
    await eventually(() => watcher.messages[0])
    live.close()
    expect(await watcher.ended).toBe('closing')
    expect(watcher.messages.map(({ type }) => type)).toEqual(['job'])
  })

  it('fails with the database, and does not affect the next watcher', async () => {
    const { jobId } = await startJob(stores)
    vi.spyOn(stores.watching, 'jobs').mockRejectedValueOnce(new Error('the database is down'))
    await expect(watch(jobId).ended).rejects.toThrow('down')
    expect(live.watched).toBe(0)
    const watcher = watch(jobId)
    await eventually(() => watcher.messages[0])
    await watcher.leave()
    await watcher.ended
  })
})

describe('many watchers', () => {
  it('of one job share their reads', async () => {
    const claim = await startJob(stores)
    await train(claim, 0, 10_000)
    const [readJobs, readEpochs] = [vi.spyOn(stores.watching, 'jobs'), vi.spyOn(stores.watching, 'epochs')]
    const watchers = upTo(100).map(() => watch(claim.jobId))
    await eventually(() => watchers.every(({ epochs }) => epochs().length === 10_000) || undefined)
    await stores.jobs.cancel(claim.jobId)
    await live.refresh()
    await Promise.all(watchers.map(({ ended }) => ended))
    expect(watchers.every(({ messages }) => messages.at(-1)?.type === 'end')).toBe(true)
    // Two states of the job. The first includes 2,000 of the 10,000 epochs.
    expect(readJobs).toHaveBeenCalledTimes(2)
    expect(readEpochs).toHaveBeenCalledTimes(4)
  })
})

describe('a watcher with boundaries', () => {
  async function collectMessages(isReady: boolean) {
    const claim = await startJob(stores)
    const watcher = watch(claim.jobId, 0, { isReady, view })
    await train(claim, 0, 5)
    await stores.runs.succeed(claim, linearModel())
    live.report({ jobId: claim.jobId, status: 'succeeded', epoch: 5 })
    expect(await watcher.ended).toBe('ended')
    const frames = watcher.messages.flatMap((message) =>
      message.type === 'boundary' ? [message.frame.epoch] : [],
    )
    return { watcher, frames, last: watcher.messages.at(-1)?.type }
  }

  it('receives every frame, after its epoch and before the end', async () => {
    const { watcher, frames, last } = await collectMessages(true)
    expect(frames).toEqual(upTo(5))
    expect(last).toBe('end')
    let trained = 0
    for (const message of watcher.messages) {
      if (message.type === 'epochs') trained = lastEpoch(message.epochs)
      if (message.type === 'boundary') expect(message.frame.epoch).toBeLessThanOrEqual(trained)
    }
  })

  it('misses frames but no epoch when it cannot keep up', async () => {
    const { watcher, frames } = await collectMessages(false)
    expect(frames).toEqual([])
    expect(watcher.numbers()).toEqual(upTo(5))
  })
})
