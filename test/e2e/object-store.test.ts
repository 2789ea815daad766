/** The running service with an object store: everything large is there, through crashes and outages. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import { modelSchema } from '../../src/contract/model.js'
import { problemSchema } from '../../src/contract/problems.js'
import { openDatabase } from '../../src/store/database.js'
import { objectCleaner } from '../../src/store/object-cleaner.js'
import { parseObjectLocation } from '../../src/store/object-location.js'
import { ObjectStore } from '../../src/store/object-store.js'
import { freshDatabase } from '../support/postgres.js'
import { eventually, type Service, startService } from '../support/service.js'
import { hasSwift, listBucket, startSwift, type TestSwift } from '../support/swift.js'

const rows = 3_000

/** Enough numbers for one object. */
const table = () => {
  const line = (index: number) =>
    [0, 1, 2, 3].map((column) => Math.sin(index * (column + 1)).toFixed(6)).join(',')
  return `a,b,c,y\n${Array.from({ length: rows }, (_, index) => line(index)).join('\n')}\n`
}

const predictionSchema = z.looseObject({ predictions: z.array(z.looseObject({})) })

describe.skipIf(!hasSwift)('the service with an object store', () => {
  let swift: TestSwift
  let url: string
  let environment: Record<string, string>
  let database: Awaited<ReturnType<typeof freshDatabase>>
  const services: Service[] = []

  beforeAll(async () => {
    swift = await startSwift()
    url = await swift.newBucket({ prefix: '/descent' })
    database = await freshDatabase()
    environment = {
      DATABASE_URL: database.connectionString,
      OBJECT_STORE_URL: url,
      OBJECT_STORE_KEPT_HOURS: '0',
      CHECKPOINT_SECONDS: '0.05',
      LOG_LEVEL: 'warn',
    }
  })

  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop()
  })

  afterAll(async () => {
    await database.drop()
    await swift.stop()
  })

  async function start(more: Record<string, string> = {}): Promise<Service> {
    const service = await startService({ ...environment, ...more })
    services.push(service)
    return service
  }

  async function upload(service: Service) {
    const form = new FormData()
    form.set('file', new Blob([table()]), 'table.csv')
    return fetch(`${service.url}/datasets`, { method: 'POST', body: form })
  }

  const train = (service: Service, dataset: string, epochs: number) =>
    request(`${service.url}/jobs`, jobSchema, {
      dataset,
      network: {
        layers: [
          { type: 'dense', units: 300, activation: 'tanh' },
          { type: 'dense', units: 300, activation: 'tanh' },
          { type: 'dense', units: 1, activation: 'linear' },
        ],
      },
      loss: 'meanSquaredError',
      epochs,
      seed: 1,
    })

  const jobOf = (service: Service, id: string) => request(`${service.url}/jobs/${id}`, jobSchema)

  const ended = (service: Service, id: string) =>
    eventually(async () => {
      const job = await jobOf(service, id)
      return job.finishedAt === null ? undefined : job
    })

  const foldersOf = async () => new Set((await listBucket(url)).map((key) => key.split('/')[0]))

  const attemptsOf = async (id: string) => {
    const opened = openDatabase(database.connectionString)
    const { attempt } = await opened.job.findUniqueOrThrow({ where: { id } })
    await opened.$disconnect()
    return attempt
  }

  /** As if a day had passed: discarded objects are due after a minute, and those of the killed worker after a day. */
  const cleanUpLater = async () => {
    const opened = openDatabase(database.connectionString)
    await opened.$executeRaw`UPDATE "DeletedObject" SET "claimedAt" = NULL`
    const objects = new ObjectStore(parseObjectLocation(url))
    await objectCleaner(opened, objects, { keptSeconds: 0, orphanSeconds: 0, searchSeconds: 0 }).cleanUp()
    await opened.$disconnect()
  }

  /** The size of the largest chunk in a row. */
  const inRows = async () => {
    const opened = openDatabase(database.connectionString)
    const [{ bytes }] = await opened.$queryRaw<[{ bytes: number }]>`
      SELECT coalesce(max(length(bytes)), 0) AS bytes FROM (
        SELECT bytes FROM "DatasetChunk" UNION ALL SELECT bytes FROM "WeightChunk"
        UNION ALL SELECT bytes FROM "CheckpointChunk") AS chunk`
    await opened.$disconnect()
    return bytes
  }

  it('trains, continues after a kill, predicts and exports from objects, and deletes them', async () => {
    const first = await start()
    const uploaded = await upload(first)
    expect(uploaded.status).toBe(201)
    const dataset = datasetSchema.parse(await uploaded.json())
    const job = await train(first, dataset.id, 40)
    await eventually(async () => ((await foldersOf()).has('checkpoints') ? true : undefined))
    const [pid] = first.workerPids()
    process.kill(pid, 'SIGKILL')
    const { status, modelId, spec } = await ended(first, job.id)
    expect(status).toBe('succeeded')
    expect(await foldersOf()).toEqual(new Set(['datasets', 'owner', 'weights', 'checkpoints']))
    expect(await inRows()).toBeLessThan(65_536)
    expect(await attemptsOf(job.id)).toBeGreaterThan(1)

    const modelUrl = `${first.url}/models/${modelId}`
    const model = await request(modelUrl, modelSchema)
    const inputs = { inputs: [{ a: 0.1, b: 0.2, c: 0.3 }] }
    const { predictions } = await request(`${modelUrl}/predict`, predictionSchema, inputs)
    const weights = Buffer.from(await (await fetch(`${modelUrl}/weights`)).arrayBuffer())
    const stored = weights.subarray(weights.length - model.weightBytes)
    expect(createHash('sha256').update(stored).digest('hex')).toBe(model.weightSha256)
    const exported = await fetch(`${modelUrl}/export?format=onnx`)
    expect(exported.status).toBe(200)
    expect((await exported.arrayBuffer()).byteLength).toBeGreaterThan(model.weightBytes)

    // Undisturbed and without the store, the training has the same weights.
    const other = await freshDatabase()
    const plain = await start({ DATABASE_URL: other.connectionString, OBJECT_STORE_URL: '' })
    const again = await train(plain, datasetSchema.parse(await (await upload(plain)).json()).id, spec.epochs)
    const reference = await request(
      `${plain.url}/models/${(await ended(plain, again.id)).modelId}`,
      modelSchema,
    )
    expect(reference.weightSha256).toBe(model.weightSha256)
    await plain.stop()
    await other.drop()

    // A further process reads the same objects.
    await first.stop()
    const second = await start()
    const predicted = await request(`${second.url}/models/${modelId}/predict`, predictionSchema, inputs)
    expect(predicted.predictions).toEqual(predictions)
    for (const path of [`jobs/${job.id}`, `models/${modelId}`, `datasets/${dataset.id}`]) {
      const deleted = await fetch(`${second.url}/${path}`, { method: 'DELETE' })
      expect(deleted.status).toBe(204)
    }
    await second.stop()
    await cleanUpLater()
    expect(await listBucket(url)).toEqual(['owner'])
  }, 240_000)

  it('answers 503 without the store, and its trainings wait', async () => {
    const service = await start()
    const dataset = datasetSchema.parse(await (await upload(service)).json())
    const done = await ended(service, (await train(service, dataset.id, 1)).id)
    const job = await train(service, dataset.id, 40)
    await eventually(async () => ((await jobOf(service, job.id)).epoch > 0 ? true : undefined))
    await swift.stopProxy()
    const unavailable = async (answer: Response) => {
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).not.toBeNull()
      expect(problemSchema.parse(await answer.json())).toMatchObject({
        code: 'unavailable',
        detail: expect.stringContaining('object store'),
      })
    }
    await unavailable(await upload(service))
    await unavailable(
      await fetch(`${service.url}/models/${done.modelId}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ inputs: [{ a: 0.1, b: 0.2, c: 0.3 }] }),
      }),
    )
    // Lists, jobs and readiness need no object.
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
    await eventually(() => (service.output().includes('refused a write; retrying') ? true : undefined))
    await swift.startProxy()
    expect((await ended(service, job.id)).status).toBe('succeeded')
    const metrics = await (await fetch(`${service.url}/metrics`)).text()
    expect(metrics).toMatch(
      /descent_object_store_request_seconds_count\{operation="put",outcome="failure"\} [1-9]/,
    )
    const ofWorkers = (operation: string, outcome: string) =>
      expect
        .poll(async () => (await fetch(`${service.url}/metrics`)).text())
        .toMatch(
          new RegExp(
            `descent_worker_object_store_request_seconds_count\\{operation="${operation}",outcome="${outcome}"\\} [1-9]`,
          ),
        )
    await ofWorkers('put', 'success')
    await ofWorkers('put', 'failure')
    await ofWorkers('get', 'success')
    expect(metrics).toMatch(/object_store_deletions_waiting \d/)
    // The secret is in no line of the log.
    expect(service.output()).not.toContain('secret')
  }, 240_000)

  it('does not start with a wrong secret, and says why', async () => {
    const wrong = await swift.newBucket({ secret: 'wrongsecret' })
    const refused = await start({ OBJECT_STORE_URL: wrong }).catch((error: unknown) => error)
    expect(String(refused)).toContain('403 SignatureDoesNotMatch')
    expect(String(refused)).not.toContain('wrongsecret')
  })

  it('warns at a start without the store that has its objects, until they are moved', async () => {
    await upload(await start())
    const service = await start({ OBJECT_STORE_URL: '' })
    const warning = /\d+ chunks are in an object store, but OBJECT_STORE_URL is not set/
    expect(service.output()).toMatch(warning)
    const move = (command: string, more = {}) =>
      spawnSync(process.execPath, ['dist/src/commands/objects.js', command], {
        env: { ...process.env, ...environment, ...more },
        encoding: 'utf8',
      })
    expect(move('move-out').stdout).toMatch(/^Moved \d+ chunks with \d+ bytes to PostgreSQL\.\n$/)
    const later = await start({ OBJECT_STORE_URL: '' })
    expect(later.output()).not.toMatch(warning)
    expect(move('move-in').stdout).toMatch(/^Moved [1-9]\d* chunks with \d+ bytes to the object store\.\n$/)
    expect(move('move').stderr).toContain('Unknown command')
    expect(move('move-in', { OBJECT_STORE_URL: '' }).stderr).toContain('OBJECT_STORE_URL is not set')
  })
})
