/** The requests whose answers are counted, and the models and the job that they name. */
import type { MetricPlan } from './metric.js'
import { type RunningService, smallJob } from './running-service.js'

const manyConnections = 32

export interface Route {
  method: 'GET' | 'POST'
  path: string
  body?: object
}

export interface Subjects {
  small: string
  wide: string
  job: string
}

interface MeasuredRequest {
  plan: MetricPlan
  connections: number
  route(subjects: Subjects): Route
}

const goal = (limit: number) => [{ of: 'reference', bound: 'at least', limit } as const]
const plan = (name: string, limit: number): MetricPlan => ({
  name,
  unit: 'a second',
  reference: 'Fastify',
  goals: goal(limit),
})

const pixels = 784
const classes = 10
const rowsAtOnce = 256

/** Most pixels of a digit are 0. */
const picture = (row: number) =>
  Array.from({ length: pixels }, (_, index) =>
    (index * 7 + row) % 5 === 0 ? (index * 31 + row * 17) % 256 : 0,
  )

const wideJob = {
  dataset: {
    x: Array.from({ length: 2 * classes }, (_, row) => picture(row)),
    y: Array.from({ length: 2 * classes }, (_, row) =>
      Array.from({ length: classes }, (_, each) => (each === row % classes ? 1 : 0)),
    ),
  },
  network: {
    layers: [
      { type: 'dense', units: 128, activation: 'relu' },
      { type: 'dense', units: classes, activation: 'softmax' },
    ],
  },
  loss: 'categoricalCrossentropy',
  epochs: 1,
  seed: 1,
}

const manyRows = { inputs: Array.from({ length: rowsAtOnce }, (_, row) => picture(row)) }

const predictOne = ({ small }: Subjects): Route => ({
  method: 'GET',
  path: `/models/${small}/predict?x=0,1`,
})

export const measuredRequests: readonly MeasuredRequest[] = [
  { plan: plan('predictions, 32 connections', 0.45), connections: manyConnections, route: predictOne },
  { plan: plan('predictions, one connection', 0.2), connections: 1, route: predictOne },
  {
    plan: plan('predictions of 256 rows (784-128-10), 32 connections', 0.12),
    connections: manyConnections,
    route: ({ wide }) => ({ method: 'POST', path: `/models/${wide}/predict`, body: manyRows }),
  },
  {
    plan: plan('GET /health/live, 32 connections', 0.7),
    connections: manyConnections,
    route: () => ({ method: 'GET', path: '/health/live' }),
  },
  {
    plan: plan('GET /jobs/{id}, 32 connections', 0.25),
    connections: manyConnections,
    route: ({ job }) => ({ method: 'GET', path: `/jobs/${job}` }),
  },
]

/** Trains the models that the requests name. */
export async function prepare(service: RunningService): Promise<Subjects> {
  const small = await service.trained(smallJob(1))
  const wide = await service.trained(wideJob)
  if (small.modelId === null || wide.modelId === null) throw new Error('a job left no model')
  return { small: small.modelId, wide: wide.modelId, job: small.id }
}
