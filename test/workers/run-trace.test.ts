/** The spans of an attempt, as a collector receives them. */
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { metricsPerEpoch } from '../../src/contract/packed-epochs.js'
import { openTracing } from '../../src/tracing/open-tracing.js'
import type { ClaimedJob } from '../../src/training/ports/runs.js'
import { RunTrace } from '../../workers/run-trace.js'
import { openCollector } from '../support/collector.js'
import { xorSpec } from '../support/stores.js'

const origin = {
  requestId: 'request',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  isSampled: true,
}

const claimed = (changes: Partial<ClaimedJob> = {}): ClaimedJob => ({
  ...origin,
  jobId: 'job_1',
  attempt: 2,
  tenantId: 'blue',
  queuedSeconds: 3,
  spec: xorSpec(),
  changes: [],
  datasetId: null,
  validationDatasetId: null,
  storedEpoch: 0,
  epochs: 10_000_000,
  parameters: 17,
  backend: null,
  estimatedSeconds: 1,
  crashes: 0,
  pauseAfter: null,
  sharing: null,
  fork: null,
  ...changes,
})

async function open(ratio = 1) {
  const collector = await openCollector()
  const options = { endpoint: collector.url, headers: {}, serviceName: 'worker', instance: 'one', ratio }
  const tracing = await openTracing(options, pino({ level: 'silent' }))
  if (tracing === null) throw new Error('tracing is off')
  onTestFinished(async () => {
    collector.close()
    await tracing.close()
  })
  return { tracing, collector }
}

function begin(tracing: Parameters<typeof RunTrace.begin>[0], job: ClaimedJob): RunTrace {
  const trace = RunTrace.begin(tracing, job, 'worker_a')
  if (trace === null) throw new Error('the attempt is not recorded')
  return trace
}

const group = (firstEpoch: number, count: number) => ({
  epochs: { firstEpoch, metrics: new Float64Array(count * metricsPerEpoch) },
  seconds: 0.5,
  backend: 'native',
})

it('has a span for the queue, the attempt, the thread and the epochs', async () => {
  const { tracing, collector } = await open()
  const trace = begin(tracing, claimed({ epochs: 20, storedEpoch: 10 }))
  trace.enterThread(1)
  trace.report(group(11, 4))
  trace.report(group(15, 6))
  trace.end('trained')
  await tracing.close()
  const [queue, first, second, thread, train] = collector.spans
  expect(collector.spans.map(({ name }) => name)).toEqual(['queue', 'epochs', 'epochs', 'thread', 'train'])
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([origin.traceId]))
  expect([queue.parentSpanId, train.parentSpanId]).toEqual([origin.spanId, origin.spanId])
  expect([thread.parentSpanId, first.parentSpanId]).toEqual([train.spanId, thread.spanId])
  expect(queue.endTimeUnixNano - queue.startTimeUnixNano).toBe(3_000_000_000n)
  expect(train.attributes).toEqual({
    'descent.tenant.id': 'blue',
    'descent.job.id': 'job_1',
    'descent.attempt': 2,
    'descent.worker.id': 'worker_a',
    'descent.parameters': 17,
    'descent.epochs': 20,
    'descent.stored_epoch': 10,
    'descent.backend': 'native',
    'descent.outcome': 'trained',
  })
  expect(train.spanId).toBe(trace.spanId)
  expect(thread.attributes).toEqual({ 'descent.thread.jobs': 1 })
  expect(first.attributes).toEqual({
    'descent.epoch.first': 11,
    'descent.epoch.last': 14,
    'descent.training.seconds': 0.5,
  })
  expect(second.attributes).toMatchObject({ 'descent.epoch.first': 15, 'descent.epoch.last': 20 })
})

it('groups the epochs of long trainings', async () => {
  const { tracing, collector } = await open()
  const trace = begin(tracing, claimed())
  trace.enterThread(1)
  // An attempt may repeat epochs of an earlier one, so more come than are planned.
  for (let epoch = 0; epoch < 12_000_000; epoch += 1_000) trace.report(group(epoch + 1, 1_000))
  trace.end('trained')
  await tracing.close()
  const spans = collector.spans.filter(({ name }) => name === 'epochs')
  expect(spans).toHaveLength(101)
  expect(spans[0].attributes).toMatchObject({ 'descent.epoch.first': 1, 'descent.epoch.last': 100_000 })
  expect(spans[100].attributes).toMatchObject({
    'descent.epoch.first': 10_000_001,
    'descent.epoch.last': 12_000_000,
  })
})

it('marks a failure with its problem', async () => {
  const { tracing, collector } = await open()
  begin(tracing, claimed()).end('diverged', 'diverged')
  await tracing.close()
  const train = collector.spans.find(({ name }) => name === 'train')
  expect(train).toMatchObject({
    status: { code: 2, message: 'diverged' },
    attributes: { 'descent.outcome': 'diverged', 'error.type': 'diverged' },
  })
})

it('builds nothing for a job that is not sampled, or without tracing', async () => {
  const { tracing } = await open()
  expect(RunTrace.begin(tracing, claimed({ isSampled: false }), 'worker_a')).toBeNull()
  expect(RunTrace.begin(null, claimed(), 'worker_a')).toBeNull()
  const never = await open(0)
  expect(RunTrace.begin(never.tracing, claimed({ spanId: null, isSampled: null }), 'worker_a')).toBeNull()
})

it('begins the trace of a job whose request was no span', async () => {
  const { tracing, collector } = await open()
  begin(tracing, claimed({ spanId: null, isSampled: null })).end('trained')
  await tracing.close()
  const [queue, train] = collector.spans
  expect([queue.traceId, train.traceId]).toEqual([origin.traceId, origin.traceId])
  expect([queue.parentSpanId, train.parentSpanId ?? '']).toEqual([train.spanId, ''])
})
