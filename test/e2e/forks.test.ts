/** Forks, models of any epoch, and verifications of the built service with killed workers. */
import { createPublicKey, verify } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { differenceSchema } from '../../src/contract/fork.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { modelSchema } from '../../src/contract/model.js'
import { receiptSchema } from '../../src/contract/receipt.js'
import { freshDatabase } from '../support/postgres.js'
import { eventually, type Service, startService } from '../support/service.js'

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

const base = {
  dataset: { name: 'spirals', rows: 90, noise: 0.1, seed: 1 },
  network: { layers: [dense(12, 'tanh'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.01 },
  epochs: 40,
  batchSize: 8,
  validationSplit: 0.2,
  seed: 5,
}

/** Some seconds on the slowest backend. */
const long = {
  ...base,
  network: { layers: [dense(64, 'tanh'), dense(64, 'tanh'), dense(1, 'sigmoid')] },
  dataset: { name: 'spirals', rows: 400, noise: 0.1, seed: 1 },
  epochs: 1_500,
}

function clientOf(service: () => Service) {
  async function send(path: string, body?: object | null) {
    const response = await fetch(`${service().url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body == null
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }

  async function start(path: string, body: object | null): Promise<Job> {
    const answer = await send(path, body)
    expect(answer.body).toMatchObject({ object: 'job' })
    expect(answer.status).toBe(202)
    return jobSchema.parse(answer.body)
  }

  const jobOf = async (id: string) => jobSchema.parse((await send(`/jobs/${id}`)).body)

  /** The job when it has ended. */
  const ended = ({ id }: Pick<Job, 'id'>) =>
    eventually(async () => {
      const job = await jobOf(id)
      return job.finishedAt === null ? undefined : job
    })

  async function trained(path: string, body: object | null): Promise<Job> {
    const job = await ended(await start(path, body))
    expect(job.error).toBeNull()
    expect(job.status).toBe('succeeded')
    return job
  }

  const modelOf = async ({ modelId }: Job) => modelSchema.parse((await send(`/models/${modelId}`)).body)

  const difference = async (one: Job, other: Job) =>
    differenceSchema.parse((await send(`/jobs/${one.id}/difference?with=${other.id}`)).body)

  return { send, start, jobOf, ended, trained, modelOf, difference }
}

/** `test/workers/resume.test.ts` resumes on all of them, too. */
const backends = ['native', 'wasm', 'reference']

describe.each(backends)('on the backend %s', (backend) => {
  let service: Service
  let drop: () => Promise<void>
  const { trained, modelOf, difference } = clientOf(() => service)

  beforeAll(async () => {
    const database = await freshDatabase()
    drop = database.drop
    service = await startService({ DATABASE_URL: database.connectionString, DESCENT_BACKEND: backend })
  }, 60_000)

  afterAll(async () => {
    await service?.stop()
    await drop?.()
  }, 30_000)

  const runs: [string, object][] = [
    ['sgd', { optimizer: { type: 'sgd', learningRate: 0.05 } }],
    ['sgd with momentum', { optimizer: { type: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true } }],
    ['adam', {}],
    ['adamw', { optimizer: { type: 'adamw', learningRate: 0.01 } }],
    ['rmsprop', { optimizer: { type: 'rmsprop', learningRate: 0.01 } }],
    ['adagrad', { optimizer: { type: 'adagrad', learningRate: 0.05 } }],
    ['rows in sequence', { sampling: 'sequential' }],
    ['rows drawn with replacement', { sampling: 'random' }],
    ['a cosine schedule', { schedule: { type: 'cosine', warmupEpochs: 4 } }],
    [
      'dropout and batch normalization',
      {
        network: {
          layers: [
            dense(12, 'tanh'),
            { type: 'batchNormalization' },
            { type: 'dropout', rate: 0.3 },
            dense(1, 'sigmoid'),
          ],
        },
      },
    ],
    ['restored best weights', { earlyStopping: { monitor: 'valLoss', patience: 3 }, epochs: 400 }],
    ['folds', { validationSplit: 0, earlyStopping: { patience: 3, folds: 3 } }],
    ['several threads', { threads: 2 }],
  ]

  it.each(runs)('a fork without changes repeats %s', async (_what, spec) => {
    const parent = await trained('/jobs', { ...base, ...spec })
    expect(parent.backend).toBe(backend)
    const epoch = Math.ceil(parent.epoch / 2)
    const fork = await trained(`/jobs/${parent.id}/fork`, { epoch })
    expect(fork).toMatchObject({ forkOf: { job: parent.id, epoch }, changes: [], spec: parent.spec })
    expect(await difference(parent, fork)).toMatchObject({ equal: true, firstEpoch: null })
    const [one, other] = [await modelOf(parent), await modelOf(fork)]
    expect(other.weightSha256).toBe(one.weightSha256)
    expect(other.epoch).toBe(one.epoch)
  })

  const changes: [string, object][] = [
    ['another learning rate', { learningRate: 0.1 }],
    ['another batch size', { batchSize: 16 }],
    ['another optimizer', { optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0.5 } }],
    ['another field of the optimizer', { optimizer: { beta1: 0.5 } }],
    ['another schedule', { schedule: { type: 'exponential', factor: 0.9 } }],
    ['a limit of the gradient', { clipNorm: 0.01 }],
    ['L1 regularization', { l1: 0.01 }],
    ['another sampling', { sampling: 'random' }],
    ['other rows', { dataset: { name: 'spirals', rows: 120, noise: 0.3, seed: 2 } }],
  ]

  it.each(changes)('a fork with %s differs from the first epoch after the fork', async (_what, change) => {
    const parent = await trained('/jobs', base)
    const fork = await trained(`/jobs/${parent.id}/fork`, { epoch: 12, changes: change })
    expect(fork.changes).toHaveLength(1)
    expect(fork.changes[0].fromEpoch).toBe(13)
    const found = await difference(parent, fork)
    expect(found).toMatchObject({ equal: false, firstEpoch: 13, epochs: 40 })
    for (const { epoch, equal } of found.snapshots) expect(equal).toBe(epoch <= 12)
    // A fork of the fork repeats both parts.
    const again = await trained(`/jobs/${fork.id}/fork`, { epoch: 30 })
    expect(await difference(fork, again)).toMatchObject({ equal: true })
    const verification = await trained(`/jobs/${fork.id}/verify`, null)
    expect(await difference(fork, verification)).toMatchObject({ equal: true })
  })

  it('the model of any epoch has the weights of its snapshot', async () => {
    const parent = await trained('/jobs', { ...base, earlyStopping: { monitor: 'loss', patience: 40 } })
    // The recorder of snapshots keeps these of 40 epochs: rounded up powers of the root of 2.
    for (const epoch of [1, 12, 23]) {
      const job = await trained(`/jobs/${parent.id}/epochs/${epoch}/model`, null)
      expect(job).toMatchObject({ forkOf: { job: parent.id, epoch }, epoch, epochs: epoch })
      const model = await modelOf(job)
      expect(model.epoch).toBe(epoch)
      const { snapshots } = await difference(parent, job)
      const last = snapshots.at(-1)
      expect(last).toMatchObject({ epoch, equal: true })
      expect(last?.sha256[0]).toBe(model.weightSha256)
    }
  })
})

describe('forks of one service', () => {
  let service: Service
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let client: pg.Client
  const { send, start, jobOf, ended, trained, modelOf, difference } = clientOf(() => service)

  beforeAll(async () => {
    database = await freshDatabase()
    service = await startService({ DATABASE_URL: database.connectionString, CHECKPOINT_SECONDS: '0' })
    client = new pg.Client({ connectionString: database.connectionString })
    await client.connect()
  }, 60_000)

  afterAll(async () => {
    await client?.end()
    await service?.stop()
    await database?.drop()
  }, 30_000)

  const reached = (id: string, epoch: number) =>
    eventually(async () => ((await jobOf(id)).epoch >= epoch ? true : undefined))

  it('survive killed workers with the same bytes', async () => {
    const parent = await trained('/jobs', long)
    const changes = { learningRate: 0.02, optimizer: { type: 'sgd', momentum: 0.9 } }
    const whole = await trained(`/jobs/${parent.id}/fork`, { epoch: 500, changes })
    const fork = await start(`/jobs/${parent.id}/fork`, { epoch: 500, changes })
    for (const epoch of [100, 500, 900]) {
      await reached(fork.id, epoch)
      for (const pid of service.workerPids()) process.kill(pid, 'SIGKILL')
    }
    expect((await ended(fork)).status).toBe('succeeded')
    expect(await difference(whole, fork)).toMatchObject({ equal: true })
    const events = await send(`/jobs/${fork.id}/events`)
    expect(JSON.stringify(events.body)).toContain('worker-died')
  })

  /** The epochs that a job took over without training them: their batches have no times. */
  async function adoptedEpochs({ id }: Job): Promise<number> {
    const { rows } = await client.query(
      'SELECT max("lastEpoch")::int AS last FROM "EpochBatch" WHERE "jobId" = $1 AND "startSeconds" IS NULL',
      [id],
    )
    const [{ last }] = z.array(z.object({ last: z.int().nullable() })).parse(rows)
    return last ?? 0
  }

  it('continue from a checkpoint that the finished job keeps', async () => {
    const parent = await trained('/jobs', { ...long, seed: 6 })
    const before = await trained(`/jobs/${parent.id}/fork`, { epoch: 1_499 })
    expect(await difference(parent, before)).toMatchObject({ equal: true })
    // At least the checkpoint before the last interval of the training time.
    expect(await adoptedEpochs(before)).toBeGreaterThan(100)
    const whole = await trained(`/jobs/${parent.id}/fork`, { epoch: 1_500 })
    expect(await difference(parent, whole)).toMatchObject({ equal: true })
    expect((await modelOf(whole)).weightSha256).toBe((await modelOf(parent)).weightSha256)
    expect(await adoptedEpochs(whole)).toBe(1_500)
    expect(whole).toMatchObject({ metrics: parent.metrics, continuedFrom: { job: parent.id, epoch: 1_500 } })
    const longer = await trained(`/jobs/${parent.id}/fork`, { epoch: 1_500, changes: { epochs: 1_600 } })
    expect(await adoptedEpochs(longer)).toBe(1_500)
    const straight = await trained('/jobs', { ...long, seed: 6, epochs: 1_600 })
    expect(await difference(straight, longer)).toMatchObject({ equal: true, model: { equal: true } })
  })

  it('fail as integrity if a stored epoch differs', async () => {
    const parent = await trained('/jobs', base)
    // On a slow machine, a fork would continue from one.
    await client.query('DELETE FROM "Checkpoint" WHERE "jobId" = $1', [parent.id])
    // The lowest bit of the loss of epoch 7.
    await client.query(
      `UPDATE "EpochBatch" SET metrics = set_byte(metrics, (7 - "firstEpoch") * 32, get_byte(metrics, (7 - "firstEpoch") * 32) # 1)
        WHERE "jobId" = $1 AND "firstEpoch" <= 7 AND "lastEpoch" >= 7`,
      [parent.id],
    )
    const fork = await ended(await start(`/jobs/${parent.id}/fork`, { epoch: 20 }))
    expect(fork).toMatchObject({ status: 'failed', error: { code: 'integrity' } })
    expect(fork.error?.message).toMatch(/^Epoch 7 differs from that of job /)
    const model = await ended(await start(`/jobs/${parent.id}/epochs/9/model`, null))
    expect(model).toMatchObject({ status: 'failed', error: { code: 'integrity' } })
    // Earlier epochs are not affected.
    expect(await trained(`/jobs/${parent.id}/fork`, { epoch: 6 })).toMatchObject({ epoch: 40 })
    const verification = await trained(`/jobs/${parent.id}/verify`, null)
    expect(verification).toMatchObject({ verifies: parent.id, forkOf: null })
    const found = await difference(parent, verification)
    expect(found).toMatchObject({ equal: false, firstEpoch: 7, model: { equal: true } })
  })

  it('have a signed receipt that another program can check', async () => {
    const parent = await trained('/jobs', { ...base, seed: 31 })
    const verification = await trained(`/jobs/${parent.id}/verify`, null)
    const { body } = await send(`/jobs/${verification.id}/receipt`)
    const { publicKey } = z.object({ publicKey: z.string() }).parse((await send('/receipts/key')).body)
    const signed = receiptSchema.parse(body)
    expect(signed.publicKey).toBe(publicKey)
    expect(signed.receipt).toMatchObject({
      ...{ job: verification.id, epochs: 40, spec: verification.spec },
      verification: { of: parent.id, equal: true, firstEpoch: null },
      model: { sha256: (await modelOf(parent)).weightSha256 },
    })
    const check = async (receipt: object) => (await send('/receipts/check', { ...signed, receipt })).body
    expect(await check(signed.receipt)).toMatchObject({ valid: true, own: true })
    expect(await check({ ...signed.receipt, epochs: 41 })).toMatchObject({ valid: false })
    // As the program of docs/replay.md does.
    const sorted = (_: string, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    const text = Buffer.from(JSON.stringify(signed.receipt, sorted))
    expect(verify(null, text, key, Buffer.from(signed.signature, 'base64'))).toBe(true)
    expect((await send('/receipts/check', { ...signed, publicKey: 'AA==' })).status).toBe(400)
  })

  it('give a model of an epoch once', async () => {
    const parent = await trained('/jobs', { ...base, seed: 9, name: 'spirals' })
    const path = `/jobs/${parent.id}/epochs/17/model`
    const job = await trained(path, null)
    expect(job.name).toBe('spirals at epoch 17')
    const { status, body } = await send(path, null)
    expect(status).toBe(200)
    const model = modelSchema.parse(body)
    expect(model).toMatchObject({ id: job.modelId, jobId: job.id, epoch: 17, name: 'spirals at epoch 17' })
    const { body: list } = await send('/jobs?name=spirals&epochModels=false')
    expect(list).toMatchObject({ data: [{ id: parent.id }] })
    const { body: page } = await send(`/jobs/${parent.id}/epochs?after=16&limit=1`)
    expect(page).toMatchObject({ data: [{ epoch: 17, ...job.metrics }] })
    for (const route of ['rows/worst', 'rows?split=validation']) {
      expect((await send(`/jobs/${job.id}/${route}`)).status).toBe(200)
    }
    expect((await send(`/models/${model.id}`)).body).toHaveProperty('evaluation')
    // The last epoch is the model of the job.
    expect((await send(`/jobs/${parent.id}/epochs/40/model`, null)).body).toMatchObject({
      id: parent.modelId,
    })
  })

  it('extend a finished run', async () => {
    const parent = await trained('/jobs', { ...base, seed: 10 })
    const fork = await trained(`/jobs/${parent.id}/fork`, {
      epoch: 40,
      changes: { epochs: 70, learningRate: 0.001 },
    })
    expect(fork).toMatchObject({ epoch: 70, spec: { epochs: 70, optimizer: { learningRate: 0.001 } } })
    expect(await difference(parent, fork)).toMatchObject({ firstEpoch: 41, epochs: 40 })
    // The same spec at once: a constant learning rate makes the first 40 epochs equal.
    const straight = await trained('/jobs', { ...base, seed: 10, epochs: 70 })
    const longer = await trained(`/jobs/${parent.id}/fork`, { epoch: 40, changes: { epochs: 70 } })
    expect(await difference(straight, longer)).toMatchObject({ equal: true })
    expect((await modelOf(straight)).weightSha256).toBe((await modelOf(longer)).weightSha256)
  })

  it('equal a run that was resumed with the same change', async () => {
    const spec = { ...long, seed: 12 }
    const resumed = await start('/jobs', spec)
    await reached(resumed.id, 200)
    await send(`/jobs/${resumed.id}/pause`, null)
    await send(`/jobs/${resumed.id}/resume`, { learningRate: 0.03 })
    const { changes } = await ended(resumed)
    const plain = await trained('/jobs', spec)
    const epoch = changes[0].fromEpoch - 1
    const fork = await trained(`/jobs/${plain.id}/fork`, { epoch, changes: { learningRate: 0.03 } })
    expect(await difference(await jobOf(resumed.id), fork)).toMatchObject({ equal: true })
  })

  async function patch(id: string, body: object) {
    const response = await fetch(`${service.url}/jobs/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: await response.json() }
  }

  it('repeat a job that was changed while it was running and paused', async () => {
    // So many that it does not end before the last change.
    const short = { ...base, dataset: long.dataset, seed: 21 }
    const job = await start('/jobs', { ...short, epochs: 60_000 })
    await reached(job.id, 100)
    const changed = await patch(job.id, { learningRate: 0.02 })
    expect(changed.status).toBe(200)
    const [first] = jobSchema.parse(changed.body).changes
    expect(first).toMatchObject({ before: { learningRate: 0.01 }, after: { learningRate: 0.02 } })
    await reached(job.id, first.fromEpoch + 50)
    // Far enough that the job is not there before the request.
    const stated = (await jobOf(job.id)).epoch + 4_000
    expect((await patch(job.id, { afterEpoch: stated, learningRate: 0.005 })).status).toBe(200)
    // The worker dies after the change is stored.
    await reached(job.id, stated - 500)
    for (const pid of service.workerPids()) process.kill(pid, 'SIGKILL')
    await reached(job.id, stated + 1)
    await send(`/jobs/${job.id}/pause`, null)
    const late = await patch(job.id, { afterEpoch: 10, learningRate: 1 })
    expect(late.status).toBe(409)
    expect(late.body).toMatchObject({ code: 'epoch-begun' })
    // The worker may still store what it had trained before the pause.
    expect(JSON.stringify(late.body)).toMatch(/has stored \d+ epochs/)
    const shorter = (await jobOf(job.id)).epoch + 4_000
    expect((await patch(job.id, { epochs: shorter })).status).toBe(200)
    await send(`/jobs/${job.id}/resume`, null)
    const done = await ended(job)
    expect(done).toMatchObject({ status: 'succeeded', epoch: shorter, epochs: shorter, reusedFrom: null })
    expect(done.changes.map(({ after }) => after.learningRate)).toEqual([0.02, 0.005, 0.005])
    expect(done.changes[1].fromEpoch).toBe(stated + 1)
    const { body: events } = await send(`/jobs/${job.id}/events`)
    expect(JSON.stringify(events).match(/"type":"changed"/g)).toHaveLength(3)

    // Both train all epochs again, with the recorded changes only.
    const again = await trained(`/jobs/${job.id}/verify`, null)
    expect(await difference(done, again)).toMatchObject({ equal: true, epochs: shorter })
    const fork = await trained(`/jobs/${job.id}/fork`, { epoch: stated + 1 })
    expect(await difference(done, fork)).toMatchObject({ firstEpoch: shorter + 1 })
    // The same run without changes differs from the first changed epoch on.
    const plain = await trained('/jobs', { ...short, epochs: 4_000 })
    expect(await difference(plain, done)).toMatchObject({ firstEpoch: first.fromEpoch })

    expect((await patch(job.id, { learningRate: 1 })).body).toMatchObject({ code: 'job-finished' })
    expect((await patch(job.id, { learningRate: 1, name: 'a' })).status).toBe(400)
  })

  it('are refused with the reason', async () => {
    const parent = await trained('/jobs', base)
    const folded = await trained('/jobs', {
      ...base,
      validationSplit: 0,
      earlyStopping: { patience: 3, folds: 3 },
    })
    const refused = async (job: Job, body: object) => {
      const answer = await send(`/jobs/${job.id}/fork`, body)
      expect(answer.status).toBeGreaterThanOrEqual(400)
      return z
        .object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })) })
        .transform(({ code, errors }) => `${code} ${errors[0].pointer}`)
        .parse(answer.body)
    }
    expect(await refused(parent, { epoch: 41 })).toBe('invalid-spec /epoch')
    expect(await refused(parent, { epoch: 12, changes: { epochs: 12 } })).toBe('invalid-spec /changes/epochs')
    expect(await refused(parent, { epoch: 40, changes: { learningRate: 1 } })).toBe(
      'invalid-spec /changes/epochs',
    )
    expect(await refused(parent, { epoch: 12, changes: { optimizer: { rho: 1 } } })).toBe(
      'invalid-spec /changes/optimizer',
    )
    expect(await refused(parent, { epoch: 12, changes: { dataset: 'iris' } })).toBe(
      'invalid-spec /changes/dataset',
    )
    expect(await refused(folded, { epoch: 1, changes: { epochs: 90 } })).toBe('invalid-spec /changes/epochs')
    expect(await refused(parent, { epoch: 12, changes: { network: {} } })).toBe(
      'invalid-request /changes/network',
    )
    expect((await send(`/jobs/${parent.id}/epochs/41/model`, null)).status).toBe(400)
    const running = await start('/jobs', { ...long, epochs: 1_000_000 })
    expect((await send(`/jobs/${running.id}/verify`, null)).status).toBe(409)
    await send(`/jobs/${running.id}/cancel`, null)
  })
})
