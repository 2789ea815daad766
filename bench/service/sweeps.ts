/** A sweep of 1,000 small trainings: seconds from its POST until it has ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type BenchmarkRun, rotate } from './benchmark-run.js'
import { Metric } from './metric.js'
import { type RunningService, smallJob } from './running-service.js'

const points = 1_000
const warmUpPoints = 200
const pollMilliseconds = 20

const sweepSchema = z.object({ id: z.string(), status: z.string(), counts: z.object({ succeeded: z.int() }) })

export async function measureSweeps({ services, rounds, report }: BenchmarkRun): Promise<void> {
  const seconds = new Metric({
    name: `a sweep of ${points.toLocaleString('en')} small trainings`,
    unit: 's',
    goals: [{ of: 'value', bound: 'at most', limit: 3 }],
  })
  for (const service of services) await sweep(service, warmUpPoints)
  for (let round = 0; round < rounds; round++) {
    for (const service of rotate(services, round)) {
      seconds.record(round, service.subject, await sweep(service, points))
    }
  }
  report(seconds)
}

/** @throws Error if a trial did not succeed */
async function sweep(service: RunningService, most: number): Promise<number> {
  const begin = performance.now()
  const created = await service.post('/sweeps', {
    spec: smallJob(1),
    parameters: [{ path: '/optimizer/learningRate', min: 0.1, max: 1 }],
    search: { type: 'random', points: most },
    metric: 'loss',
  })
  const { id } = sweepSchema.pick({ id: true }).parse(created)
  for (;;) {
    const { status, counts } = sweepSchema.parse(await service.get(`/sweeps/${id}`))
    if (status === 'running') {
      await sleep(pollMilliseconds)
      continue
    }
    if (counts.succeeded < most) throw new Error(`${counts.succeeded} of ${most} trials succeeded`)
    return (performance.now() - begin) / 1_000
  }
}
