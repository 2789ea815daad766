/** Answers a second, against a Fastify that answers the same JSON. */
import type { BareRoute } from './bare-fastify.process.js'
import { requestOf } from './connection.js'
import { Figure, type FigurePlan } from './figure.js'
import { Helper } from './helper.js'
import { LoadGenerator } from './load.js'
import { prepare, questions, type Route, type Subjects } from './questions.js'
import { leaveOut, type Run, turnsOf } from './run.js'
import type { RunningService } from './running-service.js'

const warmUpMilliseconds = 1_500
/** A round is several short slices by turns, so that other work on the machine affects all servers. */
const slices = 3
const sliceMilliseconds = 500

/** A server and the request that it gets. */
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
      const figure = await measure(plan, targets, connections, rounds, load).catch((error: unknown) => {
        leaveOut(plan.name, error)
        return new Figure(plan)
      })
      report(figure)
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
  for (const { port, request } of targets) {
    await load.rate(port, request, connections, warmUpMilliseconds)
  }
  for (let round = 0; round < rounds; round++) {
    const rates = new Map<Target, number>()
    for (let slice = 0; slice < slices; slice++) {
      for (const target of turnsOf(targets, round + slice)) {
        const { port, request } = target
        const rate = await load.rate(port, request, connections, sliceMilliseconds)
        rates.set(target, (rates.get(target) ?? 0) + rate / slices)
      }
    }
    for (const [{ subject }, rate] of rates) figure.record(round, subject, rate)
  }
  return figure
}

/** A route for each answer of the first service. */
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
