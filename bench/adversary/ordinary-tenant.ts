/** A tenant with few requests: it creates a small job, reads it, predicts, and lists jobs, with a pause between two requests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { HttpClient, type HttpRequest, json } from '../http-client.js'

const pauseMilliseconds = 20
const jobSchema = z.object({
  id: z.string(),
  status: z.string(),
  modelId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
})

const smallJob = json({
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'sigmoid' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  epochs: 100,
  seed: 1,
})
const createJob: HttpRequest = { method: 'POST', path: '/jobs', body: smallJob }

export const actions = ['create', 'read', 'predict', 'list'] as const
export type Action = (typeof actions)[number]

export interface TenantSession {
  /** Milliseconds of each request. */
  latencies: Record<Action, number[]>
  /** Answers without a 2xx status. */
  refusals: string[]
  /** From the creation of each job to its end; infinite if it did not end within the session. */
  trainings: number[]
}

export class OrdinaryTenant {
  private constructor(
    private readonly client: HttpClient,
    private readonly modelId: string,
  ) {}

  static async open(url: string, key: string): Promise<OrdinaryTenant> {
    const client = new HttpClient(url, key)
    const { id } = jobSchema.parse(await client.sendOk(createJob))
    for (;;) {
      const { modelId } = jobSchema.parse(await client.sendOk({ method: 'GET', path: `/jobs/${id}` }))
      if (modelId !== null) return new OrdinaryTenant(client, modelId)
      await sleep(pauseMilliseconds)
    }
  }

  /** Each round makes one request of each kind. */
  async runSession(rounds: number): Promise<TenantSession> {
    const session: TenantSession = {
      latencies: { create: [], read: [], predict: [], list: [] },
      refusals: [],
      trainings: [],
    }
    const take = async (action: Action, ask: HttpRequest): Promise<string | null> => {
      const { status, milliseconds, text } = await this.client.send(ask)
      session.latencies[action].push(milliseconds)
      await sleep(pauseMilliseconds)
      if (status >= 200 && status < 300) return text
      session.refusals.push(`${action}: ${status} ${text.slice(0, 300)}`)
      return null
    }
    const jobs: string[] = []
    for (let round = 0; round < rounds; round++) {
      const text = await take('create', createJob)
      if (text !== null) {
        const { id } = jobSchema.parse(JSON.parse(text))
        jobs.push(id)
        await take('read', { method: 'GET', path: `/jobs/${id}` })
      }
      await take('predict', { method: 'GET', path: `/models/${this.modelId}/predict?x=0,1&x=1,1` })
      await take('list', { method: 'GET', path: '/jobs?limit=20' })
    }
    for (const id of jobs) {
      const job = jobSchema.parse(await this.client.sendOk({ method: 'GET', path: `/jobs/${id}` }))
      session.trainings.push(
        job.finishedAt === null
          ? Number.POSITIVE_INFINITY
          : Date.parse(job.finishedAt) - Date.parse(job.createdAt),
      )
    }
    return session
  }

  close(): void {
    this.client.close()
  }
}

/** Infinite for no values, such as a session without answers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return Number.POSITIVE_INFINITY
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

/** The median of all requests. */
export const medianLatency = ({ latencies }: TenantSession) =>
  median(actions.flatMap((action) => latencies[action]))
