/** Answers a second, against a Fastify that answers the same JSON. */
import type { BareRoute } from './bare-fastify.process.js'
import { BenchProcess } from './bench-process.js'
import { type BenchmarkRun, reportSkipped, rotate } from './benchmark-run.js'
import { createRequest } from './connection.js'
import { LoadGenerator } from './load-generator.js'
import { measuredRequests, prepare, type Route, type Subjects } from './measured-requests.js'
import { Metric, type MetricPlan } from './metric.js'
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

export async function measurePredictions({ services, rounds, report }: BenchmarkRun): Promise<void> {
  const load = new LoadGenerator()
  const bare = new BenchProcess<{ routes: readonly BareRoute[] }, { port: number }>('bare-fastify.process.js')
  try {
    const prepared = []
    for (const service of services) prepared.push({ service, subjects: await prepare(service) })
    const { port } = await bare.ask({ routes: await bareRoutes(prepared[0].service, prepared[0].subjects) })
    for (const { plan, connections, route } of measuredRequests) {
      const targets: Target[] = prepared.map(({ service: { subject, port }, subjects }) => ({
        subject,
        port,
        request: toBytes(route(subjects)),
      }))
      targets.push({ subject: 'reference', port, request: toBytes(route(prepared[0].subjects)) })
      const metric = await measure(plan, targets, connections, rounds, load).catch((error: unknown) => {
        reportSkipped(plan.name, error)
        return new Metric(plan)
      })
      report(metric)
    }
  } finally {
    await load.stop()
    await bare.stop()
  }
}

async function measure(
  plan: MetricPlan,
  targets: readonly Target[],
  connections: number,
  rounds: number,
  load: LoadGenerator,
): Promise<Metric> {
  const metric = new Metric(plan)
  for (const { port, request } of targets) {
    await load.rate(port, request, connections, warmUpMilliseconds)
  }
  for (let round = 0; round < rounds; round++) {
    const rates = new Map<Target, number>()
    for (let slice = 0; slice < slices; slice++) {
      for (const target of rotate(targets, round + slice)) {
        const { port, request } = target
        const rate = await load.rate(port, request, connections, sliceMilliseconds)
        rates.set(target, (rates.get(target) ?? 0) + rate / slices)
      }
    }
    for (const [{ subject }, rate] of rates) metric.record(round, subject, rate)
  }
  return metric
}

/** A route for each answer of the first service. */
async function bareRoutes(service: RunningService, subjects: Subjects): Promise<BareRoute[]> {
  const routes = new Map<string, BareRoute>()
  for (const { route } of measuredRequests) {
    const { method, path, body } = route(subjects)
    const answer = await (body === undefined ? service.get(path) : service.post(path, body))
    const [name] = path.split('?')
    routes.set(`${method} ${name}`, { method, path: name, answer })
  }
  return [...routes.values()]
}

const toBytes = ({ method, path, body }: Route) => createRequest(method, path, body)
