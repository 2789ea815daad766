/** Another tenant, who starts a small training, looks at it, predicts and lists, in no hurry. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Ask, Caller, json } from '../caller.js'

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
const createJob: Ask = { method: 'POST', path: '/jobs', body: smallJob }

export const actions = ['create', 'look', 'predict', 'list'] as const
export type Action = (typeof actions)[number]

export interface Visit {
  /** Milliseconds of each request. */
  latencies: Record<Action, number[]>
  /** Answers that were no 2xx. */
  refusals: string[]
  /** From the creation of each job to its end; infinite where it had not ended when the visit did. */
  trainings: number[]
}

export class OrdinaryTenant {
  private constructor(
    private readonly caller: Caller,
    private readonly modelId: string,
  ) {}

  static async open(url: string, key: string): Promise<OrdinaryTenant> {
    const caller = new Caller(url, key)
    const { id } = jobSchema.parse(await caller.done(createJob))
    for (;;) {
      const { modelId } = jobSchema.parse(await caller.done({ method: 'GET', path: `/jobs/${id}` }))
      if (modelId !== null) return new OrdinaryTenant(caller, modelId)
      await sleep(pauseMilliseconds)
    }
  }

  /** Does everything once a round. */
  async visit(rounds: number): Promise<Visit> {
    const visit: Visit = {
      latencies: { create: [], look: [], predict: [], list: [] },
      refusals: [],
      trainings: [],
    }
    const take = async (action: Action, ask: Ask): Promise<string | null> => {
      const { status, milliseconds, text } = await this.caller.send(ask)
      visit.latencies[action].push(milliseconds)
      await sleep(pauseMilliseconds)
      if (status >= 200 && status < 300) return text
      visit.refusals.push(`${action}: ${status} ${text.slice(0, 300)}`)
      return null
    }
    const jobs: string[] = []
    for (let round = 0; round < rounds; round++) {
      const text = await take('create', createJob)
      if (text !== null) {
        const { id } = jobSchema.parse(JSON.parse(text))
        jobs.push(id)
        await take('look', { method: 'GET', path: `/jobs/${id}` })
      }
      await take('predict', { method: 'GET', path: `/models/${this.modelId}/predict?x=0,1&x=1,1` })
      await take('list', { method: 'GET', path: '/jobs?limit=20' })
    }
    for (const id of jobs) {
      const job = jobSchema.parse(await this.caller.done({ method: 'GET', path: `/jobs/${id}` }))
      visit.trainings.push(
        job.finishedAt === null
          ? Number.POSITIVE_INFINITY
          : Date.parse(job.finishedAt) - Date.parse(job.createdAt),
      )
    }
    return visit
  }

  close(): void {
    this.caller.close()
  }
}

/** Infinite for no values, as after a visit in which nothing was answered. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return Number.POSITIVE_INFINITY
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

/** Of every action alike. */
export const medianLatency = ({ latencies }: Visit) => median(actions.flatMap((action) => latencies[action]))
