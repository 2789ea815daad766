/** Backup and restore of a service with an object store, as docs/operating.md describes them. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { problemSchema } from '../../src/contract/problems.js'
import { installedPostgres, startInstalledPostgres } from '../support/installed-postgres.js'
import { eventually, type Service, startService, temporaryFolder } from '../support/service.js'
import { copyBucket, hasSwift, listBucket, startSwift, type TestSwift } from '../support/swift.js'
import { upTo } from '../support/watching.js'

/** Enough numbers for an object. */
const table = (seed: number) => {
  const line = (index: number) =>
    [1, 2, 3, 4].map((column) => Math.sin(seed + index * column).toFixed(6)).join(',')
  return Buffer.from(`a,b,c,y\n${Array.from({ length: 3_000 }, (_, index) => line(index)).join('\n')}\n`)
}

const rowsSchema = z.looseObject({ data: z.array(z.unknown()) })
const predictionsSchema = z.looseObject({
  predictions: z.array(z.looseObject({ output: z.array(z.number()) })),
})
const inputs = { inputs: [0.1, 0.2, 0.3].map((a) => ({ a, b: 2 * a, c: -a })) }

const upload = async ({ url }: Service, seed: number) =>
  (await request(`${url}/datasets`, datasetSchema, table(seed))).id

const jobOf = ({ url }: Service, id: string) => request(`${url}/jobs/${id}`, jobSchema)

const train = ({ url }: Service, dataset: string, epochs: number, seed: number) =>
  request(`${url}/jobs`, jobSchema, {
    dataset,
    network: {
      layers: [
        { type: 'dense', units: 160, activation: 'tanh' },
        { type: 'dense', units: 160, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'linear' },
      ],
    },
    loss: 'meanSquaredError',
    optimizer: { type: 'sgd', learningRate: 0.01 },
    epochs,
    seed,
  })

const reaches = (service: Service, id: string, isReached: (job: Job) => boolean) =>
  eventually(async () => {
    const job = await jobOf(service, id)
    return isReached(job) ? job : undefined
  })

/** A dataset and a model trained on it, with what they answer. */
interface Trained {
  dataset: string
  model: string
  predictions: z.infer<typeof predictionsSchema>
  rows: z.infer<typeof rowsSchema>
}

const predict = ({ url }: Service, model: string) =>
  request(`${url}/models/${model}/predict`, predictionsSchema, inputs)
const rowsOf = ({ url }: Service, dataset: string) =>
  request(`${url}/datasets/${dataset}/rows?offset=2990`, rowsSchema)

async function trained(service: Service, seed: number): Promise<Trained> {
  const dataset = await upload(service, seed)
  const { id } = await train(service, dataset, 1, seed)
  const { modelId } = await reaches(service, id, ({ status }) => status === 'succeeded')
  const model = modelId ?? ''
  return { dataset, model, predictions: await predict(service, model), rows: await rowsOf(service, dataset) }
}

async function expectSame(service: Service, { dataset, model, predictions, rows }: Trained): Promise<void> {
  expect(predictions.predictions).toHaveLength(3)
  expect(await predict(service, model)).toEqual(predictions)
  expect(rows.data).toHaveLength(10)
  expect(await rowsOf(service, dataset)).toEqual(rows)
}

async function remove({ url }: Service, { dataset, model }: Trained): Promise<void> {
  for (const path of [`models/${model}`, `datasets/${dataset}`]) {
    expect((await fetch(`${url}/${path}`, { method: 'DELETE' })).status).toBe(204)
  }
}

const epochsSchema = z.looseObject({ data: z.array(z.looseObject({ epoch: z.int(), loss: z.number() })) })

/** The losses of the first epochs, which have all bits of the weights in them. */
async function lossesOf(service: Service, id: string, epochs: number): Promise<number[]> {
  await reaches(service, id, ({ epoch }) => epoch >= epochs)
  const { data } = await request(`${service.url}/jobs/${id}/epochs?limit=${epochs}`, epochsSchema)
  expect(data.map(({ epoch }) => epoch)).toEqual(upTo(epochs))
  return data.map(({ loss }) => loss)
}

describe.skipIf(!hasSwift || installedPostgres === undefined)('a backup with an object store', () => {
  let swift: TestSwift
  let postgres: Awaited<ReturnType<typeof startInstalledPostgres>>
  const folder = temporaryFolder()
  const services: Service[] = []

  beforeAll(async () => {
    ;[swift, postgres] = await Promise.all([startSwift(), startInstalledPostgres(installedPostgres ?? '')])
  })

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.stop()))
  })

  afterAll(async () => {
    await swift.stop()
    postgres.stop()
    folder.remove()
  })

  async function start(database: string, bucket: string): Promise<Service> {
    const service = await startService({
      DATABASE_URL: postgres.address(database),
      OBJECT_STORE_URL: bucket,
      CHECKPOINT_SECONDS: '0.5',
      WORKER_CONCURRENCY: '3',
      LOG_LEVEL: 'warn',
    })
    services.push(service)
    return service
  }

  async function create(database: string) {
    postgres.run('createdb', database)
    const bucket = await swift.newBucket({ prefix: '/descent' })
    return { bucket, service: await start(database, bucket) }
  }

  const dump = (database: string) =>
    postgres.run('pg_dump', '--format=custom', `--file=${join(folder.path, database)}`, database)

  async function restore(database: string, bucket: string): Promise<Service> {
    const restored = `restored_${database}`
    postgres.run('createdb', restored)
    const file = join(folder.path, database)
    postgres.run('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${restored}`, file)
    return start(restored, bucket)
  }

  /** Trains and deletes until it is called. Resolves with the number of rounds. */
  function keepBusy(service: Service): () => Promise<number> {
    let isOver = false
    const rounds = (async () => {
      let done = 0
      for (; !isOver; done++) await remove(service, await trained(service, 100 + done))
      return done
    })()
    // Handled where it is awaited.
    rounds.catch(() => {})
    return () => {
      isOver = true
      return rounds
    }
  }

  /** Starts a long training, and waits for its first checkpoint. */
  async function startLong(service: Service, bucket: string, dataset: string): Promise<string> {
    const { id } = await train(service, dataset, 1_000_000, 3)
    await eventually(async () =>
      (await listBucket(bucket)).some((key) => key.startsWith('checkpoints/')) ? true : undefined,
    )
    return id
  }

  it('whose dump precedes the copy of the bucket restores models, datasets and trainings', async () => {
    const { bucket, service } = await create('ordered')
    const [kept, deleted] = await Promise.all([trained(service, 1), trained(service, 2)])
    const job = await startLong(service, bucket, kept.dataset)
    const stopBusy = keepBusy(service)
    dump('ordered')
    const { epoch } = await jobOf(service, job)
    // After the dump, rows are deleted, and checkpoints replaced. Their objects stay.
    await remove(service, deleted)
    const undisturbed = await lossesOf(service, job, epoch + 5)
    const copy = await swift.newBucket({ prefix: '/copy' })
    await copyBucket(bucket, copy)
    expect(await stopBusy()).toBeGreaterThan(0)
    await service.stop()

    const restored = await restore('ordered', copy)
    expect((await fetch(`${restored.url}/health/ready`)).status).toBe(200)
    await expectSame(restored, kept)
    await expectSame(restored, deleted)
    expect(await lossesOf(restored, job, undisturbed.length)).toEqual(undisturbed)
    expect(restored.output()).not.toContain('checkpoint')
  }, 120_000)

  it('whose copy of the bucket precedes the dump says what is missing', async () => {
    const { bucket, service } = await create('reversed')
    const kept = await trained(service, 1)
    const copy = await swift.newBucket({ prefix: '/copy' })
    await copyBucket(bucket, copy)
    const lost = await trained(service, 2)
    const job = await startLong(service, bucket, kept.dataset)
    dump('reversed')
    const undisturbed = await lossesOf(service, job, (await jobOf(service, job)).epoch + 5)
    await service.stop()

    const restored = await restore('reversed', copy)
    await expectSame(restored, kept)
    for (const [path, folder] of [
      [`models/${lost.model}/predict?a=1&b=2&c=3`, 'weights'],
      [`models/${lost.model}/weights`, 'weights'],
      [`datasets/${lost.dataset}/rows`, 'datasets'],
    ]) {
      const answer = await fetch(`${restored.url}/${path}`)
      expect([path, answer.status]).toEqual([path, 500])
      const problem = problemSchema.parse(await answer.json())
      expect(problem.code).toBe('integrity')
      expect(problem.detail).toMatch(
        new RegExp(`^The object ${folder}/\\S+ is missing at .*Restore it from a backup of the bucket\\.$`),
      )
    }
    // So does a job that needs it.
    const failing = await train(restored, lost.dataset, 1, 4)
    const { error } = await reaches(restored, failing.id, ({ finishedAt }) => finishedAt !== null)
    expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining('is missing at') })
    // A training without its checkpoints begins again, and takes the same steps.
    expect(await lossesOf(restored, job, undisturbed.length)).toEqual(undisturbed)
    expect(restored.output()).toContain('is damaged and was skipped')
  }, 120_000)
})
