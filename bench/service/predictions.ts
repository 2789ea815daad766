/** Answers a second: predictions, a job, and whether the process lives, beside a Fastify that answers the same JSON. */
import type { BareRoute } from './bare-fastify.process.js'
import { requestOf } from './connection.js'
import { Figure, type FigurePlan } from './figure.js'
import { Helper } from './helper.js'
import { LoadGenerator } from './load.js'
import { leaveOut, type Run, turnsOf } from './run.js'
import { type RunningService, smallJob } from './running-service.js'

const warmUpMilliseconds = 1_500
const measuredMilliseconds = 1_500
const crowd = 32

interface Route {
  method: 'GET' | 'POST'
  path: string
  body?: object
}

interface Subjects {
  small: string
  wide: string
  job: string
}

interface Question {
  plan: FigurePlan
  connections: number
  route(subjects: Subjects): Route
}

const goal = (limit: number) => [{ of: 'reference', bound: 'at least', limit } as const]
const plan = (name: string, limit: number): FigurePlan => ({
  name,
  unit: 'a second',
  reference: 'Fastify',
  goals: goal(limit),
})

const pixels = 784
const classes = 10
const rowsAtOnce = 256

/** Most pixels of a digit are white. */
const picture = (row: number) =>
  Array.from({ length: pixels }, (_, place) =>
    (place * 7 + row) % 5 === 0 ? (place * 31 + row * 17) % 256 : 0,
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

const questions: readonly Question[] = [
  { plan: plan('predictions, 32 connections', 0.45), connections: crowd, route: predictOne },
  { plan: plan('predictions, one connection', 0.2), connections: 1, route: predictOne },
  {
    plan: plan('predictions of 256 rows (784-128-10), 32 connections', 0.12),
    connections: crowd,
    route: ({ wide }) => ({ method: 'POST', path: `/models/${wide}/predict`, body: manyRows }),
  },
  {
    plan: plan('GET /health/live, 32 connections', 0.7),
    connections: crowd,
    route: () => ({ method: 'GET', path: '/health/live' }),
  },
  {
    plan: plan('GET /jobs/{id}, 32 connections', 0.25),
    connections: crowd,
    route: ({ job }) => ({ method: 'GET', path: `/jobs/${job}` }),
  },
]

/** A server and the request that it is asked. */
interface Target {
  subject: 'now' | 'before' | 'reference'
  port: number
  request: Buffer
}

export async function measurePredictions({ services, rounds, report }: Run): Promise<void> {
  const load = new LoadGenerator()
  const bare = new Helper<{ routes: readonly BareRoute[] }, { port: number }>('bare-fastify.process.js')
  try {
    const prepared = []
    for (const service of services) prepared.push({ service, subjects: await prepare(service) })
    const { port } = await bare.ask({ routes: await bareRoutes(prepared[0].service, prepared[0].subjects) })
    for (const { plan, connections, route } of questions) {
      const targets: Target[] = prepared.map(({ service: { subject, port }, subjects }) => ({
        subject,
        port,
        request: bytesOf(route(subjects)),
      }))
      targets.push({ subject: 'reference', port, request: bytesOf(route(prepared[0].subjects)) })
      report(await measure(plan, targets, connections, rounds, load))
    }
  } finally {
    await load.stop()
    await bare.stop()
  }
}

async function measure(
  plan: FigurePlan,
  targets: readonly Target[],
  connections: number,
  rounds: number,
  load: LoadGenerator,
): Promise<Figure> {
  const figure = new Figure(plan)
  for (let round = -1; round < rounds; round++) {
    const milliseconds = round < 0 ? warmUpMilliseconds : measuredMilliseconds
    for (const { subject, port, request } of turnsOf(targets, Math.max(0, round))) {
      try {
        const rate = await load.rate(port, request, connections, milliseconds)
        if (round >= 0) figure.record(round, subject, rate)
      } catch (error) {
        leaveOut(`${plan.name} (${subject})`, error)
      }
    }
  }
  return figure
}

async function prepare(service: RunningService): Promise<Subjects> {
  const small = await service.trained(smallJob(1))
  const wide = await service.trained(wideJob)
  if (small.modelId === null || wide.modelId === null) throw new Error('a job left no model')
  return { small: small.modelId, wide: wide.modelId, job: small.id }
}

/** A route each for what the first service answers. */
async function bareRoutes(service: RunningService, subjects: Subjects): Promise<BareRoute[]> {
  const routes = new Map<string, BareRoute>()
  for (const { route } of questions) {
    const { method, path, body } = route(subjects)
    const answer = await (body === undefined ? service.get(path) : service.post(path, body))
    const [name] = path.split('?')
    routes.set(`${method} ${name}`, { method, path: name, answer })
  }
  return [...routes.values()]
}

const bytesOf = ({ method, path, body }: Route) => requestOf(method, path, body)
