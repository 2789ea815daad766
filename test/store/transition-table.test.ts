/** Every store function that changes a status, on a job of every status, against the table of `contract/job-status.ts`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  finishedStatuses,
  isFinished,
  type JobStatus,
  jobStatusSchema,
  previousStatuses,
  type Transition,
  transitions,
} from '../../src/contract/job-status.js'
import { webhookBodySchema, webhookEventSchema } from '../../src/contract/webhook.js'
import type { Hints } from '../../src/store/hints.js'
import { newId } from '../../src/training/new-id.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { byTest } from '../support/actor.js'
import { recordHints } from '../support/recorded-hints.js'
import { eventually } from '../support/service.js'
import {
  claimNext,
  epochsOf,
  linearModel,
  newJob,
  openStores,
  packEpochs,
  type Stores,
  setStatus,
  startJob,
} from '../support/stores.js'

let stores: Stores
let hints: Hints
let heard: Map<string, JobStatus[]>

beforeAll(async () => {
  stores = await openStores()
  const recorded = await recordHints(stores.connectionString)
  hints = recorded.hints
  heard = recorded.heard
  await stores.webhooks.create(
    {
      id: newId('webhook'),
      tenantId: 'local',
      url: 'https://example.com',
      secret: 'whsec_c2VjcmV0',
      events: [...webhookEventSchema.options],
    },
    byTest,
  )
})

afterAll(async () => {
  await hints.close()
  await stores.close()
})

const statuses = jobStatusSchema.options
const workerId = 'worker_a'

/** What the functions are called with, and a third crash for those that count. */
interface Action {
  name: string
  run(claim: Claim): Promise<unknown>
  crashes?: number
  /** The entry in the history. */
  event?: string
}

const success = (claim: Claim) => ({
  claim,
  progress: {
    ...{ epochs: packEpochs(epochsOf([1])), seconds: 1, backend: 'wasm', backendDetail: null },
    snapshots: null,
  },
  model: linearModel(),
  bestEpoch: null,
})

const crashes: Action[] = [
  { name: 'crash', run: (claim) => stores.runs.crash(claim), event: 'released' },
  { name: 'releaseWorker', run: () => stores.jobs.releaseWorker(workerId), event: 'released' },
  { name: 'releaseAbandoned', run: () => stores.jobs.releaseAbandoned(1_000), event: 'released' },
]

const actions: Record<Transition, Action[]> = {
  claim: [{ name: 'claim', run: () => claimNext(stores.runs, workerId) }],
  release: [
    { name: 'release', run: (claim) => stores.runs.release(claim, 'worker-stopped'), event: 'released' },
    { name: 'requeue', run: (claim) => stores.runs.requeue(claim) },
    ...crashes,
  ],
  pause: [{ name: 'pause', run: (claim) => stores.jobs.pause(claim.jobId), event: 'paused' }],
  resume: [
    { name: 'resume', run: (claim) => stores.jobs.resume(claim.jobId, undefined), event: 'resumed' },
    {
      name: 'resume with a change',
      run: (claim) => stores.jobs.resume(claim.jobId, { learningRate: 0.5 }),
      event: 'resumed',
    },
  ],
  succeed: [
    { name: 'succeed', run: (claim) => stores.runs.succeed(claim, linearModel()) },
    { name: 'succeedAll', run: (claim) => stores.runs.succeedAll([success(claim)]) },
  ],
  fail: [
    {
      name: 'fail',
      run: (claim) => stores.runs.fail(claim, { code: 'diverged', message: 'NaN', epoch: 1 }),
    },
    ...crashes.map((action) => ({ ...action, crashes: 2, event: undefined })),
  ],
  cancel: [{ name: 'cancel', run: (claim) => stores.jobs.cancel(claim.jobId) }],
}

const cases = Object.entries(transitions).flatMap(([name, transition]) =>
  Object.entries(actions)
    .flatMap(([of, each]) => (of === name ? each : []))
    .flatMap((action) => statuses.map((status) => ({ ...transition, transition: name, action, status }))),
)

/** The row of a job, and what a change of its status adds to other tables. */
const readAll = (id: string) =>
  Promise.all([
    stores.database.job.findUniqueOrThrow({ where: { id }, include: { model: true, epochBatches: true } }),
    stores.database.jobEvent.findMany({ where: { jobId: id } }),
    stores.database.webhookDelivery.findMany({ where: { jobId: id } }),
  ])

/** Resolves when the hints of all earlier commits have arrived. */
async function hearAll(): Promise<void> {
  const { id } = await stores.jobs.create(newJob())
  await stores.jobs.cancel(id)
  await eventually(() => heard.get(id))
}

/** A job of that status that has been claimed once, the only one that is not finished. */
async function jobIn(status: JobStatus, crashes: number): Promise<Claim> {
  await stores.database.job.deleteMany()
  const claim = await startJob(stores, workerId)
  await setStatus(stores, claim.jobId, status, { crashes, heartbeatAt: new Date(0) })
  return claim
}

describe.each(cases)('$action.name ($transition to $to) on a job that is $status', (each) => {
  const { from, to, action, status } = each
  const isAllowed = from.some((allowed) => allowed === status)

  it(isAllowed ? 'changes it, with hint, outbox and history' : 'changes nothing', async () => {
    const claim = await jobIn(status, action.crashes ?? 0)
    const before = await readAll(claim.jobId)
    await hearAll()
    heard.delete(claim.jobId)
    await action.run(claim)
    await hearAll()
    const after = await readAll(claim.jobId)
    if (!isAllowed) {
      expect(after).toEqual(before)
      expect(heard.get(claim.jobId)).toBeUndefined()
      return
    }
    const [job, events, deliveries] = after
    expect(job.status).toBe(to)
    expect(job.finishedAt !== null).toBe(isFinished(to))
    expect(job.model !== null).toBe(to === 'succeeded')
    expect(heard.get(claim.jobId)).toEqual([to])
    expect(events.map(({ type }) => type)).toEqual(action.event === undefined ? [] : [action.event])
    expect(deliveries.map(({ event }) => event)).toEqual(isFinished(to) ? [`job.${to}`] : [])
  })
})

describe('the webhook event', () => {
  it.each(finishedStatuses)('of a job that is %s shows the job as the API does', async (status) => {
    const [action] = Object.entries(transitions).flatMap(([name, { to }]) =>
      to === status ? Object.entries(actions).flatMap(([of, [first]]) => (of === name ? first : [])) : [],
    )
    const claim = await jobIn('running', 0)
    await action.run(claim)
    const job = await stores.jobs.get(claim.jobId)
    const limits = { attempts: 1_000, perTenant: 1_000, perWebhook: 1_000 }
    const bodies = (await stores.webhooks.claim(limits, 60)).map(({ body }) =>
      webhookBodySchema.parse(JSON.parse(body)),
    )
    expect(bodies.find(({ data }) => data.jobId === claim.jobId)).toEqual({
      type: `job.${status}`,
      timestamp: job?.finishedAt,
      data: {
        jobId: claim.jobId,
        name: null,
        status,
        epoch: job?.epoch,
        epochs: job?.epochs,
        bestEpoch: null,
        metrics: job?.metrics,
        modelId: job?.modelId,
        error: job?.error,
        links: { job: `/jobs/${claim.jobId}` },
      },
    })
  })
})

describe.each(statuses)('the trigger, for a job that is %s', (status) => {
  it.each(statuses)('and becomes %s, agrees with the contract', async (next) => {
    const { jobId } = await jobIn(status, 0)
    const update = stores.database.job.update({ where: { id: jobId }, data: { status: next } })
    if (next === status || previousStatuses(next).includes(status)) {
      expect((await update).status).toBe(next)
    } else {
      await expect(update).rejects.toThrow(`job ${jobId} may not change from ${status} to ${next}`)
      expect((await stores.jobs.get(jobId))?.status).toBe(status)
    }
  })
})

describe('the sources of the store', () => {
  const folder = join(import.meta.dirname, '../../src/store')
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
  /** A status that SQL compares or assigns. */
  const literal = new RegExp(String.raw`status"? *(=|<>|IN *\() *'(${statuses.join('|')})'`, 'i')

  it.each(files)('%s has no status in its SQL', (file) => {
    expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(literal)
  })
})
