/**
 * The whole service as its user has it: the built program in its own processes, an embedded PostgreSQL, both queues.
 * Read this file to see what Descent does.
 */
import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import { modelSchema, predictionsSchema } from '../../src/contract/model.js'
import { hasRedis, startRedis } from '../support/redis.js'
import { eventually, type Service, startService, temporaryFolder } from '../support/service.js'
import { underLoad } from '../support/waiting.js'
import { upTo, watchJob } from '../support/watching.js'

const xor = {
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense' as const, units: 4, activation: 'tanh' as const },
      { type: 'dense' as const, units: 1, activation: 'sigmoid' as const },
    ],
  },
  loss: 'binaryCrossentropy' as const,
  optimizer: { type: 'adam' as const, learningRate: 0.05 },
  epochs: 500,
  seed: 42,
}

/** Long enough to be interrupted: some seconds on the slowest backend. */
const long = {
  ...xor,
  network: {
    layers: [
      { type: 'dense' as const, units: 64, activation: 'tanh' as const },
      { type: 'dense' as const, units: 64, activation: 'tanh' as const },
      { type: 'dense' as const, units: 1, activation: 'sigmoid' as const },
    ],
  },
  optimizer: { type: 'sgd' as const, learningRate: 0.01 },
}

const queues = [
  { queue: 'PostgreSQL', skip: false },
  { queue: 'Redis', skip: !hasRedis },
]

describe.each(queues.filter(({ skip }) => !skip))('the service on $queue', ({ queue }) => {
  const folder = temporaryFolder()
  let redis: Awaited<ReturnType<typeof startRedis>> | undefined
  let service: Service

  const start = () =>
    startService({ DATA_DIRECTORY: folder.path, ...(redis ? { REDIS_URL: redis.url } : {}) })

  beforeAll(async () => {
    if (queue === 'Redis') redis = await startRedis()
    service = await start()
  }, 60_000)

  afterAll(async () => {
    await service?.stop()
    await redis?.stop()
    folder.remove()
  }, 30_000)

  it('keeps a key for the secrets of webhooks that only its owner can read', async () => {
    expect(statSync(`${folder.path}/webhook-key`).mode & 0o777).toBe(0o600)
    const answer = await fetch(`${service.url}/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: 'https://example.com' }),
    })
    expect(answer.status).toBe(201)
    await fetch(`${service.url}${answer.headers.get('location')}`, { method: 'DELETE' })
  })

  it('trains XOR, streams every epoch in order, and predicts', async () => {
    const response = await fetch(`${service.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(xor),
    })
    expect(response.status).toBe(202)
    const job = jobSchema.parse(await response.json())
    expect(response.headers.get('location')).toBe(`/jobs/${job.id}`)

    const watching = watchJob(service.url, job.id)
    const end = await watching.ended
    expect(end.code).toBe(1000)
    expect(end.job?.status).toBe('succeeded')
    expect(watching.messages[0].type).toBe('job')
    const epochs = watching.epochs()
    expect(epochs.map((epoch) => epoch.epoch)).toEqual(upTo(500))
    expect(epochs[499].loss).toBeLessThan(0.1)
    expect(epochs[499].accuracy).toBe(1)

    const answer = await request(
      `${service.url}/models/${end.job?.modelId}/predict?x=0,1&x=1,1&x=0,0&x=1,0`,
      predictionsSchema,
    )
    expect(answer.predictions.map((each) => Math.round(each?.output[0] ?? Number.NaN))).toEqual([1, 0, 0, 1])
  })

  it('learns Iris from an uploaded CSV and names the flower', async () => {
    const dataset = await request(
      `${service.url}/datasets?target=species`,
      datasetSchema,
      readFileSync('examples/iris.csv'),
    )
    expect(dataset).toMatchObject({ rows: 150, classes: ['setosa', 'versicolor', 'virginica'] })

    const job = await submit(service.url, {
      dataset: dataset.id,
      network: {
        layers: [
          { type: 'dense', units: 16, activation: 'relu' },
          { type: 'dense', units: 3, activation: 'softmax' },
        ],
      },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.01 },
      epochs: 100,
      validationSplit: 0.2,
      seed: 7,
    })
    const { job: ended } = await watchJob(service.url, job.id).ended
    expect(ended?.status).toBe('succeeded')
    expect(ended?.metrics.valAccuracy).toBeGreaterThanOrEqual(0.9)

    const flower = 'sepalLength=5.1&sepalWidth=3.5&petalLength=1.4&petalWidth=0.2'
    const byName = await request(
      `${service.url}/models/${ended?.modelId}/predict?${flower}`,
      predictionsSchema,
    )
    expect(byName.predictions[0]?.label).toBe('setosa')
    const byPlace = await request(`${service.url}/models/${ended?.modelId}/predict`, predictionsSchema, {
      inputs: [
        [5.1, 3.5, 1.4, 0.2],
        { sepalLength: 7.7, sepalWidth: 2.6, petalLength: 6.9, petalWidth: 2.3 },
      ],
    })
    expect(byPlace.predictions[0]).toEqual(byName.predictions[0])
    expect(byPlace.predictions[1]?.label).toBe('virginica')
    const probabilities = Object.values(byPlace.predictions[1]?.probabilities ?? {})
    expect(probabilities.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 5)

    const model = await request(`${service.url}/models/${ended?.modelId}`, modelSchema)
    expect(model).toMatchObject({ jobId: job.id, parameters: 4 * 16 + 16 + 16 * 3 + 3 })
  })

  it('resumes a watcher after the last epoch it has seen, and replays a finished job', async () => {
    const job = await submit(service.url, xor)
    await watchJob(service.url, job.id).ended
    const resumed = watchJob(service.url, job.id, 490)
    await resumed.ended
    expect(resumed.epochs().map((epoch) => epoch.epoch)).toEqual(upTo(500).slice(490))
    expect(resumed.messages.at(-1)?.type).toBe('end')
  })

  it('has the same losses for the same seed', async () => {
    const losses = async () => {
      const watching = watchJob(service.url, (await submit(service.url, xor)).id)
      await watching.ended
      return watching.epochs().map((epoch) => epoch.loss)
    }
    expect(await losses()).toEqual(await losses())
  })

  it('cancels a running job at once, and informs its watchers', async () => {
    const job = await submit(service.url, { ...long, epochs: 5_000_000 })
    const watching = watchJob(service.url, job.id)
    await eventually(() => watching.epochs()[0])
    const cancelled = await request(`${service.url}/jobs/${job.id}/cancel`, jobSchema, {})
    expect(cancelled.status).toBe('cancelled')
    expect((await watching.ended).job).toMatchObject({ status: 'cancelled', modelId: null })
    const epochs = watching.epochs()
    expect(epochs.map((epoch) => epoch.epoch)).toEqual(upTo(epochs.length))

    const again = await request(`${service.url}/jobs/${job.id}/cancel`, jobSchema, {})
    expect(again).toEqual(cancelled)
  })

  it('continues a job after its worker process is killed, without a gap or a repetition', async () => {
    const job = await submit(service.url, { ...long, epochs: 100_000 })
    const watching = watchJob(service.url, job.id)
    await eventually(() => watching.epochs()[0])
    const [pid] = service.workerPids()
    process.kill(pid, 'SIGKILL')
    const end = await watching.ended
    expect(service.output()).toContain('the worker process died')
    expect(end.job?.status).toBe('succeeded')
    expect(watching.epochs().map((epoch) => epoch.epoch)).toEqual(upTo(100_000))
  }, 90_000)

  it('ends with Ctrl-C within ten seconds, and keeps its data for the next start', async () => {
    const job = await submit(service.url, xor)
    await watchJob(service.url, job.id).ended
    const { code, milliseconds } = await service.stop('SIGINT')
    expect(code).toBe(0)
    expect(milliseconds).toBeLessThan(underLoad(10_000))
    service = await start()
    expect(await request(`${service.url}/jobs/${job.id}`, jobSchema)).toMatchObject({ status: 'succeeded' })
  }, 60_000)
})
