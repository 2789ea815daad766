/** The metrics for Prometheus. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMetrics } from '../../src/http/plugins/metrics.js'
import { processMetrics } from '../../src/http/plugins/process-metrics.js'
import { openDatabase } from '../../src/store/database.js'
import { listenForHints } from '../../src/store/hints.js'
import { metricStore } from '../../src/store/service-metrics.js'
import { objectRequestBounds } from '../../src/training/ports/service-metrics.js'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'
import { linearModel, newJob, startJob, storeEpochs } from '../support/stores.js'
import { watchJob } from '../support/watching.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

/** Samples by name with labels. */
async function scrape(): Promise<Map<string, number>> {
  const answer = await request(service.app.server).get('/metrics').expect(200)
  expect(answer.headers['content-type']).toContain('text/plain')
  const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

const epoch = (number: number) => ({
  epoch: number,
  loss: 1,
  accuracy: null,
  valLoss: null,
  valAccuracy: null,
  seconds: 0,
})

describe('/metrics', () => {
  it('labels requests with the pattern of their route, never with an id', async () => {
    for (const path of ['/jobs/job_a', '/jobs/job_b', '/nowhere/x', '/nowhere/y']) {
      await request(service.app.server).get(path).expect(404)
    }
    const samples = await scrape()
    expect(samples.get('descent_http_requests_total{method="GET",route="/jobs/:id",status="404"}')).toBe(2)
    expect(samples.get('descent_http_requests_total{method="GET",route="none",status="404"}')).toBe(2)
    const count = 'descent_http_request_duration_seconds_count{method="GET",route="/jobs/:id",status="404"}'
    expect(samples.get(count)).toBe(2)
    expect([...samples.keys()].filter((name) => !name.startsWith('descent_'))).toEqual([])
    expect([...samples.keys()].join('\n')).not.toMatch(/job_|mdl_|nowhere/)
    expect(samples.get('descent_process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })

  it('reports waiting, running and ended jobs, and keeps counting deleted ones', async () => {
    const before = await scrape()
    const claim = await startJob(service)
    await service.runs.succeed(claim, linearModel())
    const failing = await startJob(service)
    await service.runs.fail(failing, { code: 'diverged', message: 'too fast', epoch: 1 })
    await startJob(service)
    const cancelled = await service.jobs.create(newJob())
    await service.jobs.create(newJob())
    await service.jobs.cancel(cancelled.id)
    await service.jobs.cancel(cancelled.id)
    await service.jobs.delete(cancelled.id)
    const samples = await scrape()
    const risen = (name: string) => (samples.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(risen('descent_jobs_ended_total{status="succeeded"}')).toBe(1)
    expect(risen('descent_jobs_ended_total{status="failed"}')).toBe(1)
    expect(risen('descent_jobs_ended_total{status="cancelled"}')).toBe(1)
    expect(risen('descent_jobs{status="queued"}')).toBe(1)
    expect(risen('descent_jobs{status="running"}')).toBe(1)
    expect(samples.get('descent_jobs{status="paused"}')).toBe(0)
  })

  it('reports the delay and the busy time of the event loop', async () => {
    const count = 'descent_event_loop_longest_delay_seconds_count'
    const before = (await scrape()).get(count) ?? 0
    const samples = await eventually(async () => {
      const found = await scrape()
      return (found.get(count) ?? 0) > before ? found : undefined
    })
    expect(samples.get('descent_event_loop_busy_seconds_total')).toBeGreaterThan(0)
  })

  it('sums the work of all workers', async () => {
    const before = await scrape()
    await Promise.all(
      Array.from({ length: 50 }, () => service.serviceMetrics.add({ epochs: 10, trainingSeconds: 0.5 })),
    )
    const samples = await scrape()
    const risen = (name: string) => (samples.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(risen('descent_epochs_total')).toBe(500)
    expect(risen('descent_training_seconds_total')).toBe(25)
    expect((await scrape()).get('descent_epochs_total')).toBe(samples.get('descent_epochs_total'))
  })

  it('sums the requests of all workers to the object store, by cumulative buckets', async () => {
    const counts = (...pairs: [number, number][]) => {
      const all = Array<number>(objectRequestBounds.length + 1).fill(0)
      for (const [bound, count] of pairs) all[bound] = count
      return all
    }
    const last = objectRequestBounds.length
    await service.serviceMetrics.addObjectRequests([
      { operation: 'put', outcome: 'success', seconds: 0.0625, counts: counts([0, 2], [3, 1]) },
      { operation: 'get', outcome: 'failure', seconds: 16, counts: counts([last, 1]) },
    ])
    await Promise.all(
      Array.from({ length: 20 }, () =>
        service.serviceMetrics.addObjectRequests([
          { operation: 'put', outcome: 'success', seconds: 0.5, counts: counts([5, 1]) },
          { operation: 'get', outcome: 'success', seconds: 0.25, counts: counts([5, 1]) },
        ]),
      ),
    )
    const samples = await scrape()
    const name = 'descent_worker_object_store_request_seconds'
    const puts = 'operation="put",outcome="success"'
    expect(samples.get(`${name}_count{${puts}}`)).toBe(23)
    expect(samples.get(`${name}_sum{${puts}}`)).toBe(10.0625)
    // The bounds at these indices are 0.005, 0.05 and 0.25.
    const below = ['0.005', '0.01', '0.05', '0.1', '0.25', '15', '+Inf']
    expect(below.map((bound) => samples.get(`${name}_bucket{le="${bound}",${puts}}`))).toEqual([
      2, 2, 3, 3, 23, 23, 23,
    ])
    const failures = 'operation="get",outcome="failure"'
    expect(samples.get(`${name}_bucket{le="15",${failures}}`)).toBe(0)
    expect(samples.get(`${name}_bucket{le="+Inf",${failures}}`)).toBe(1)
    expect(samples.get(`${name}_count{operation="get",outcome="success"}`)).toBe(20)
  })

  it('divides the threads of workers into busy and free ones', async () => {
    const place = { host: 'machine', processId: 7 }
    await service.workers.report({ id: 'worker_a', threads: 4, busyThreads: 3, backend: 'native', ...place })
    const samples = await scrape()
    expect(samples.get('descent_worker_threads{state="busy"}')).toBe(3)
    expect(samples.get('descent_worker_threads{state="free"}')).toBe(1)
  })

  it('reports watchers and the lag of new epochs, but not of earlier ones', async () => {
    const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const hints = await listenForHints(service.connectionString, {
      onHint: (hint) => service.live.report(hint),
      onReconnect: () => {},
    })
    const claim = await startJob(service)
    await storeEpochs(service, claim, [epoch(1)])
    const watching = [watchJob(url, claim.jobId), watchJob(url, claim.jobId)]
    await eventually(() => watching.every((each) => each.epochs().length === 1) || undefined)
    const before = await scrape()
    expect(before.get('descent_watchers')).toBe(2)
    expect(before.get('descent_stream_lag_seconds_count')).toBe(0)
    await storeEpochs(service, claim, [epoch(2)])
    await eventually(() => watching.every((each) => each.epochs().length === 2) || undefined)
    const samples = await scrape()
    expect(samples.get('descent_stream_lag_seconds_count')).toBe(2)
    const sum = samples.get('descent_stream_lag_seconds_sum')
    expect(sum).toBeGreaterThanOrEqual(0)
    expect(sum).toBeLessThan(10)
    for (const each of watching) each.cut()
    await eventually(() => (service.live.watchers === 0 ? true : undefined))
    expect((await scrape()).get('descent_watchers')).toBe(0)
    await hints.close()
  })

  it('reports the metrics of the process without the database', async () => {
    const nobody = openDatabase('postgresql://127.0.0.1:1/none')
    const text = await openMetrics().render(metricStore(nobody), 3)
    await nobody.$disconnect()
    expect(text).toContain('descent_database_up 0')
    expect(text).toContain('descent_watchers 3')
    expect(text).toContain('descent_process_cpu_seconds_total')
  })

  it('measures the process once for all its applications', () => {
    openMetrics()
    const first = processMetrics()
    openMetrics()
    expect(processMetrics()).toBe(first)
  })
})
