/**
 * Kills every kind of process at seeded random instants while jobs are trained, then checks the history: every
 * accepted job ended once, with one model, by legal transitions, each epoch stored exactly once, and with the same
 * weights, to the last bit, as when nothing happens.
 *
 * `npm run chaos` strikes 200 times in each way, and `npm run test:system` once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { epochSchema } from '../../src/contract/epoch.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { isFinished, type JobStatus, previousStatuses } from '../../src/contract/job-status.js'
import { modelSchema } from '../../src/contract/model.js'
import { listenForHints } from '../../src/store/hints.js'
import { hasRedis } from '../support/redis.js'
import { testSeeds } from '../support/test-seeds.js'
import { underLoad } from '../support/waiting.js'
import { upTo } from '../support/watching.js'
import { type Cluster, type Fault, startCluster } from './cluster.js'
import { countStrikes } from './strikes.js'

const kills = countStrikes(1)
const [seed] = testSeeds(1)
const jobsInFlight = 5

/**
 * Between two strikes, in milliseconds: at least, and up to so much more. A job whose worker dies three times without
 * progress ends failed, and rightly so; a training must have the time to make some.
 */
const pauses: Record<Fault, [number, number]> = {
  worker: [1_500, 2_500],
  'frozen worker': [500, 1_500],
  api: [300, 1_500],
  postgres: [1_500, 2_500],
  'postgres backend': [1_500, 2_500],
  redis: [300, 1_500],
  'redis flushed': [300, 1_500],
}

/** However slow the machine, some jobs must come further between two strikes; waited for at most so long, in milliseconds. */
const longestWait = 20_000

/** A frozen worker stays so for ten seconds: a tenth of the strikes. */
const strikesOf = (fault: Fault) => (fault === 'frozen worker' ? Math.ceil(kills / 10) : kills)

/** With LONG_TESTS, all of them; else one of each kind. */
const isLong = process.env.LONG_TESTS !== undefined
const queues: { queue: 'PostgreSQL' | 'Redis'; usual: Fault[]; further: Fault[] }[] = [
  {
    queue: 'PostgreSQL',
    usual: ['worker', 'api', 'postgres'],
    further: ['frozen worker', 'postgres backend'],
  },
  { queue: 'Redis', usual: ['redis'], further: ['worker', 'redis flushed'] },
]

/** Small linear congruential generator: the same seed strikes in the same order. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Some hundreds of milliseconds of training, with everything that a checkpoint must hold. */
function specOf(variant: number) {
  return {
    dataset: { name: 'spirals', rows: 400, noise: 0.1, seed: variant },
    network: {
      layers: [
        { type: 'dense', units: 32, activation: 'tanh' },
        { type: 'dropout', rate: 0.1 },
        { type: 'dense', units: 32, activation: 'relu' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    optimizer: variant % 2 === 0 ? { type: 'adam' } : { type: 'sgd', learningRate: 0.01, momentum: 0.9 },
    epochs: 1_500,
    batchSize: 16,
    validationSplit: 0.2,
    earlyStopping: { patience: 1_000_000 },
    seed: variant,
  }
}
const variants = [0, 1, 2]

/** Asks until some API process answers. */
async function persist<T>(cluster: Cluster, ask: (url: string) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(cluster.urls[attempt % cluster.urls.length])
    } catch (error) {
      if (attempt > 600) throw error
      await sleep(100)
    }
  }
}

async function lookAt(cluster: Cluster, id: string): Promise<Job> {
  return persist(cluster, (url) => request(`${url}/jobs/${id}`, jobSchema))
}

async function untilEnded(cluster: Cluster, id: string): Promise<Job> {
  for (;;) {
    const job = await lookAt(cluster, id)
    if (isFinished(job.status)) return job
    await sleep(100)
  }
}

async function weightsOf(cluster: Cluster, job: Job): Promise<string> {
  const model = await persist(cluster, (url) => request(`${url}/models/${job.modelId}`, modelSchema))
  return model.weightSha256
}

const epochListSchema = z.object({ data: z.array(epochSchema) })

/** Whether one state can follow another, perhaps through some whose hints were lost. */
function canFollow(from: JobStatus, to: JobStatus, seen = new Set<JobStatus>()): boolean {
  if (from === to || previousStatuses(to).includes(from)) return true
  seen.add(to)
  return previousStatuses(to).some((between) => !seen.has(between) && canFollow(from, between, seen))
}

describe.each(queues.filter(({ queue }) => queue === 'PostgreSQL' || hasRedis))('with the queue on $queue', ({
  queue,
  usual,
  further,
}) => {
  let cluster: Cluster
  /** The hash of the weights of each variant. */
  const undisturbed: string[] = []
  const start = (variant: number) =>
    persist(cluster, (url) => request(`${url}/jobs`, jobSchema, specOf(variant)))

  beforeAll(async () => {
    cluster = await startCluster(queue)
    for (const variant of variants) {
      undisturbed.push(await weightsOf(cluster, await untilEnded(cluster, (await start(variant)).id)))
    }
  }, underLoad(60_000))

  afterAll(() => cluster.stop(), underLoad(60_000))

  it.each(isLong ? [...usual, ...further] : usual)(
    'loses nothing when struck: %s',
    async (fault) => {
      const random = randomNumbers(seed)
      const told = new Map<string, JobStatus[]>()
      const reached = new Map<string, number>()
      /** Jobs that came further since the last strike. */
      const advanced = new Set<string>()
      const hints = await listenForHints(cluster.connectionString, {
        onHint: ({ jobId, status, epoch }) => {
          told.set(jobId, [...(told.get(jobId) ?? []), status])
          if (status === 'running' && epoch > (reached.get(jobId) ?? 0)) {
            reached.set(jobId, epoch)
            advanced.add(jobId)
          }
        },
        onReconnect: () => {},
      })
      try {
        const accepted: { id: string; variant: number }[] = []
        let striking = true
        const submitters = upTo(jobsInFlight).map(async (lane) => {
          for (let round = 0; striking; round++) {
            const variant = variants[(lane + round) % variants.length]
            const { id } = await start(variant)
            accepted.push({ id, variant })
            await untilEnded(cluster, id)
          }
        })
        let struck = 0
        for (; struck < strikesOf(fault); struck++) {
          const [least, spread] = pauses[fault]
          await sleep(least + spread * random())
          for (let wait = 0; advanced.size < 2 && wait < longestWait; wait += 50) await sleep(50)
          advanced.clear()
          await cluster.strike(fault, Math.floor(random() * 1_000))
        }
        striking = false
        await Promise.all(submitters)

        const ends: Record<string, number> = {}
        for (const { id, variant } of accepted) {
          const job = await lookAt(cluster, id)
          ends[job.status] = (ends[job.status] ?? 0) + 1
          expect(job.status, `job ${id}: ${JSON.stringify(job.error)}`).toBe('succeeded')
          expect(await weightsOf(cluster, job)).toBe(undisturbed[variant])
          const { data } = await persist(cluster, (url) =>
            request(`${url}/jobs/${id}/epochs?limit=10000`, epochListSchema),
          )
          expect(data.map((epoch) => epoch.epoch)).toEqual(upTo(job.epochs))
          const states = told.get(id) ?? []
          states.reduce((from, to) => {
            expect(canFollow(from, to), `${id}: ${states.join(' → ')}`).toBe(true)
            return to
          }, 'queued')
        }
        const models = await persist(cluster, (url) =>
          request(`${url}/models?limit=100`, z.object({ data: z.array(z.object({ jobId: z.string() })) })),
        )
        const owners = models.data.map((model) => model.jobId)
        expect(new Set(owners).size).toBe(owners.length)
        console.log(
          `${fault} (${queue}): ${struck} strikes, ${accepted.length} jobs accepted, ended: ${JSON.stringify(ends)}`,
        )
      } finally {
        await hints.close().catch(() => {})
      }
    },
    underLoad(60_000) + kills * 20_000,
  )
})
