/** After concurrent actions, a job has one legal status, and each action reports what it did. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  isFinished,
  type JobStatus,
  jobStatusSchema,
  previousStatuses,
} from '../../src/contract/job-status.js'
import type { Hints } from '../../src/store/hints.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { readEpochs } from '../support/read-epochs.js'
import { recordHints } from '../support/recorded-hints.js'
import { eventually } from '../support/service.js'
import { linearModel, newJob, openStores, type Stores, startJob, storeEpochs } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let hints: Hints
let heard: Map<string, JobStatus[]>

beforeAll(async () => {
  stores = await openStores()
  const recorded = await recordHints(stores.connectionString)
  hints = recorded.hints
  heard = recorded.heard
})

afterAll(async () => {
  await hints.close()
  await stores.close()
})

const rounds = 25

/** Resolves when the hints of all earlier commits have arrived. */
async function hearAll(): Promise<void> {
  const { id } = await stores.jobs.create(newJob())
  await stores.jobs.cancel(id)
  await eventually(() => heard.get(id))
}

/** The statuses of a job in order, each a legal step from the one before. */
function expectLegal(id: string, from: JobStatus): JobStatus {
  let status = from
  const heardStatuses = heard.get(id) ?? []
  for (const next of heardStatuses.slice(heardStatuses.indexOf(from) + 1)) {
    if (next !== status)
      expect(previousStatuses(next), `${id}: ${heardStatuses.join(' → ')}`).toContain(status)
    status = next
  }
  return status
}

const metrics = { loss: 1, accuracy: null, valLoss: null, valAccuracy: null, seconds: 0 }

interface Race {
  name: string
  /** Concurrent actions. Each returns whether it changed anything, or null if it does not know. */
  actions: ((claim: Claim) => Promise<boolean | null>)[]
  /** The possible statuses at the end. */
  ends: JobStatus[]
  prepare?: (claim: Claim) => Promise<unknown>
}

const cancel = (claim: Claim) => stores.jobs.cancel(claim.jobId)
const pause = (claim: Claim) => stores.jobs.pause(claim.jobId)
const resume = (claim: Claim) => stores.jobs.resume(claim.jobId, { learningRate: 0.5 })
const succeed = (claim: Claim) => stores.runs.succeed(claim, linearModel())
const fail = (claim: Claim) => stores.runs.fail(claim, { code: 'diverged', message: 'NaN', epoch: 1 })
const release = (claim: Claim) => stores.runs.release(claim, 'worker-stopped')
const crash = (claim: Claim) => stores.runs.crash(claim).then(() => null)
const abandon = () => stores.jobs.releaseWorker('worker_a').then(() => null)
const record = (claim: Claim) => storeEpochs(stores, claim, [{ epoch: 1, ...metrics }])

const races: Race[] = [
  { name: 'cancel against completion', actions: [cancel, succeed], ends: ['cancelled', 'succeeded'] },
  { name: 'cancel against divergence', actions: [cancel, fail], ends: ['cancelled', 'failed'] },
  {
    name: 'completion against divergence and release, of a worker that repeats itself',
    actions: [succeed, fail, release, succeed],
    ends: ['succeeded', 'failed', 'queued'],
  },
  { name: 'pause against crash', actions: [pause, crash], ends: ['paused'] },
  { name: 'pause against two who saw the worker die', actions: [pause, crash, abandon], ends: ['paused'] },
  { name: 'pause against completion', actions: [pause, succeed], ends: ['paused', 'succeeded'] },
  { name: 'pause against new epochs', actions: [pause, record], ends: ['paused'] },
  { name: 'resume against cancel', actions: [resume, cancel], ends: ['cancelled'], prepare: pause },
  { name: 'resume against resume', actions: [resume, resume], ends: ['queued'], prepare: pause },
  { name: 'resume against late epochs', actions: [resume, record], ends: ['queued'], prepare: pause },
  { name: 'cancel against cancel', actions: [cancel, cancel, cancel], ends: ['cancelled'] },
  {
    name: 'everything',
    actions: [cancel, pause, resume, succeed, fail, release, crash, abandon, record],
    ends: [...jobStatusSchema.options],
  },
]

describe.each(races)('$name', ({ actions, ends, prepare }) => {
  it(`ends in ${ends.join(' or ')}`, async () => {
    const results: { claim: Claim; done: (boolean | null)[] }[] = []
    for (const round of upTo(rounds)) {
      const claim = await startJob(stores)
      await prepare?.(claim)
      // In another order each time, because the first often wins.
      const order = actions.map((_, index) => (index + round) % actions.length)
      const done: (boolean | null)[] = []
      await Promise.all(
        order.map(async (index) => {
          done[index] = await actions[index](claim)
        }),
      )
      results.push({ claim, done })
      // No action of this round may affect the next.
      await stores.database.job.updateMany({ where: { id: claim.jobId }, data: { workerId: null } })
    }
    await hearAll()
    for (const { claim, done } of results) {
      const job = await stores.jobs.get(claim.jobId)
      if (job === null) throw new Error('the job is gone')
      expect(ends).toContain(job.status)
      expect(expectLegal(claim.jobId, prepare === undefined ? 'running' : 'paused')).toBe(job.status)
      expect(job.finishedAt !== null).toBe(isFinished(job.status))
      expect(job.modelId !== null).toBe(job.status === 'succeeded')
      expect(job.error !== null).toBe(job.status === 'failed')
      expect((await readEpochs(stores, claim.jobId, 0, 10)).length).toBe(job.epoch)
      const did = (action: (claim: Claim) => Promise<boolean | null>) =>
        done.filter((result, index) => actions[index] === action && result === true).length
      for (const end of [cancel, succeed, fail]) expect(did(end)).toBeLessThanOrEqual(1)
      expect(did(cancel) + did(succeed) + did(fail)).toBe(isFinished(job.status) ? 1 : 0)
      expect(did(resume)).toBe(job.changes.length)
      expect(did(record)).toBe(job.epoch)
    }
  })
})
