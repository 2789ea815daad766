/** Four users: students who watch, an application that predicts, an analyst with datasets, and a sweep of batches. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { createCsv, training } from '../adversary/fixtures.js'
import { type HttpClient, type HttpRequest, json } from '../http-client.js'
import type { Ledger } from './ledger.js'

const retryMilliseconds = 200
const pollMilliseconds = 250
const sweepJobs = 40

const jobSchema = z.object({
  id: z.string(),
  status: z.string(),
  epoch: z.int(),
  epochs: z.int(),
  modelId: z.string().nullable(),
})
type Job = z.infer<typeof jobSchema>

const batchSchema = z.object({ results: z.array(z.object({ job: jobSchema })) })
const messageSchema = z.object({ type: z.string(), epochs: z.array(z.object({ epoch: z.int() })).optional() })
const predictionSchema = z.object({ predictions: z.array(z.unknown()) })
const isUnfinished = ({ status }: Job) => ['queued', 'running', 'paused'].includes(status)

export class Users {
  readonly #sockets = new Set<WebSocket>()
  #stopping = false
  predictions = 0

  constructor(
    private readonly client: HttpClient,
    private readonly ledger: Ledger,
  ) {}

  /** Resolves after `stop`, when each user has finished its current task. */
  async run(): Promise<void> {
    const repeat = async (work: () => Promise<void>) => {
      while (!this.#stopping) await work()
    }
    const application = await this.#ended(await this.#train({ epochs: 50 }))
    await Promise.all([
      repeat(() => this.#study(1)),
      repeat(() => this.#study(2)),
      repeat(() => this.#predict(application)),
      repeat(() => this.#analyse()),
      repeat(() => this.#sweep()),
    ])
    await this.#remove(application)
  }

  stop(): void {
    this.#stopping = true
  }

  /** Simulates a network failure. */
  breakConnections(): void {
    this.client.breakConnections()
    for (const socket of this.#sockets) socket.terminate()
  }

  /** Retries until the service answers. A refusal (4xx) is a fault. */
  async #ask(ask: HttpRequest): Promise<unknown> {
    for (;;) {
      const { status, text } = await this.client.send(ask)
      if (status >= 200 && status < 300) return text === '' ? null : JSON.parse(text)
      const isGone = status === 404 && ask.method === 'DELETE'
      if (isGone) return null
      const mayRetry = status === 0 || status >= 500
      this.ledger.error(
        `${ask.method} ${ask.path.replace(/_[0-9a-f]{32}/g, '')}: ${status === 0 ? text : status}`,
      )
      if (!mayRetry) {
        this.ledger.faults.push(`${ask.method} ${ask.path}: ${status} ${text.slice(0, 300)}`)
        throw new Error(`${ask.method} ${ask.path}: ${status}`)
      }
      await sleep(retryMilliseconds)
    }
  }

  /** With an Idempotency-Key, so that a retry after a lost answer does not create a second job. */
  async #train(changes: object): Promise<Job> {
    const body = json(training([16], changes))
    const answer = await this.#ask({ method: 'POST', path: '/jobs', body, idempotencyKey: randomUUID() })
    const job = jobSchema.parse(answer)
    this.ledger.accept(job.id)
    return job
  }

  async #ended({ id }: Job): Promise<Job> {
    for (;;) {
      const job = jobSchema.parse(await this.#ask({ method: 'GET', path: `/jobs/${id}` }))
      if (!isUnfinished(job)) {
        this.ledger.end(job)
        return job
      }
      await sleep(pollMilliseconds)
    }
  }

  async #remove({ id, modelId }: Job): Promise<void> {
    if (modelId !== null) await this.#ask({ method: 'DELETE', path: `/models/${modelId}` })
    await this.#ask({ method: 'DELETE', path: `/jobs/${id}` })
  }

  async #study(seed: number): Promise<void> {
    const job = await this.#train({ epochs: 1_500, dataset: { name: 'spirals', rows: 400 }, seed })
    let last = 0
    let hasEnded = false
    while (!hasEnded) {
      const address = `${this.client.url.replace('http', 'ws')}/jobs/${job.id}/stream?after=${last}`
      const socket = new WebSocket(address)
      this.#sockets.add(socket)
      socket.on('error', () => this.ledger.error('stream: broken'))
      socket.on('message', (data) => {
        const { type, epochs = [] } = messageSchema.parse(JSON.parse(String(data)))
        if (type === 'end') hasEnded = true
        for (const { epoch } of epochs) {
          if (epoch !== last + 1) this.ledger.faults.push(`${job.id}: epoch ${epoch} after ${last}`)
          last = epoch
        }
      })
      await once(socket, 'close').catch(() => {})
      this.#sockets.delete(socket)
      if (!hasEnded) await sleep(retryMilliseconds)
    }
    if (last !== job.epochs) this.ledger.faults.push(`${job.id}: the stream ended after epoch ${last}`)
    await this.#remove(await this.#ended(job))
  }

  async #predict({ modelId }: Job): Promise<void> {
    const inputs = Array.from({ length: 20 }, (_, n) => [n, -n])
    const ask: HttpRequest = { method: 'POST', path: `/models/${modelId}/predict`, body: json({ inputs }) }
    const { predictions } = predictionSchema.parse(await this.#ask(ask))
    if (predictions.length !== inputs.length) this.ledger.faults.push(`${predictions.length} predictions`)
    this.predictions += 1
    await sleep(50)
  }

  async #analyse(): Promise<void> {
    const upload: HttpRequest = {
      method: 'POST',
      path: '/datasets?target=kind',
      type: 'text/csv',
      body: file,
    }
    const { id } = z.object({ id: z.string() }).parse(await this.#ask(upload))
    const job = await this.#ended(await this.#train({ dataset: id, epochs: 3 }))
    const body = json({ dataset: id })
    await this.#ask({ method: 'POST', path: `/models/${job.modelId}/evaluate`, body })
    await this.#remove(job)
    await this.#ask({ method: 'DELETE', path: `/datasets/${id}` })
    await sleep(pollMilliseconds)
  }

  async #sweep(): Promise<void> {
    const jobs = Array.from({ length: sweepJobs }, (_, seed) => training([8], { epochs: 100, seed }))
    const batch: HttpRequest = {
      method: 'POST',
      path: '/jobs/batch',
      body: json({ jobs }),
      idempotencyKey: randomUUID(),
    }
    const { results } = batchSchema.parse(await this.#ask(batch))
    for (const { job } of results) this.ledger.accept(job.id)
    for (const { job } of results) await this.#remove(await this.#ended(job))
    await sleep(pollMilliseconds)
  }
}

const file = createCsv(0.25)
