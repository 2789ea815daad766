/** Spans reach a collector over HTTP, and a collector that fails stops nobody. */
import { Writable } from 'node:stream'
import { type SpanContext, TraceFlags } from '@opentelemetry/api'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { openTracing, type TracingOptions } from '../../src/tracing/open-tracing.js'
import type { Tracing } from '../../src/tracing/tracing.js'
import { type Collector, openCollector } from '../support/collector.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const remote = (traceFlags: TraceFlags): SpanContext => ({ traceId, spanId, traceFlags, isRemote: true })

interface Traced {
  tracing: Tracing
  collector: Collector
  lines: { level: number; msg: string; lost?: number }[]
}

async function trace(changes: Partial<TracingOptions> = {}): Promise<Traced> {
  const collector = await openCollector()
  const lines: Traced['lines'] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const options = { endpoint: `${collector.url}/`, headers: {}, serviceName: 'trainer', instance: 'one' }
  const tracing = await openTracing({ ...options, ratio: 1, ...changes }, pino(destination))
  if (tracing === null) throw new Error('tracing is off')
  onTestFinished(async () => {
    collector.close()
    await tracing.close()
  })
  return { tracing, collector, lines }
}

it('sends spans with the name of the service and the headers', async () => {
  const { tracing, collector, lines } = await trace({ headers: { 'x-key': 'a=b' } })
  const parent = tracing.start('parent', { traceId })
  tracing.start('child', parent.spanContext(), { attributes: { size: 3 } }).end()
  parent.end()
  await tracing.close()
  expect(collector.spans.map(({ name }) => name)).toEqual(['child', 'parent'])
  const [child, root] = collector.spans
  expect(root).toMatchObject({
    traceId,
    resource: { 'service.name': 'trainer', 'service.instance.id': 'one' },
  })
  expect(root.parentSpanId ?? '').toBe('')
  expect(child).toMatchObject({ traceId, parentSpanId: root.spanId, attributes: { size: 3 } })
  expect(collector.keys).toEqual(['a=b'])
  expect(lines).toEqual([])
})

it('follows the sampled flag of a parent, also with a ratio of 0', async () => {
  const { tracing, collector } = await trace({ ratio: 0 })
  const unsampled = tracing.start('unsampled', remote(TraceFlags.NONE))
  expect(unsampled.isRecording()).toBe(false)
  expect(unsampled.spanContext()).toMatchObject({ traceId, traceFlags: TraceFlags.NONE })
  expect(unsampled.spanContext().spanId).not.toBe(spanId)
  const sampled = tracing.start('sampled', remote(TraceFlags.SAMPLED))
  const ended = [unsampled, sampled, tracing.start('first', { traceId }), tracing.start('new', null)]
  for (const span of ended) span.end()
  await tracing.close()
  expect(collector.spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([['sampled', spanId]])
})

it('decides for a trace without a parent by its id, in every process alike', async () => {
  const one = await trace({ ratio: 0.5 })
  const other = await trace({ ratio: 0.5 })
  const ids = Array.from({ length: 100 }, () => one.tracing.start('id', null).spanContext().traceId)
  const decisions = ({ tracing }: Traced) =>
    ids.map((id) => tracing.start('decision', { traceId: id }).isRecording())
  expect(decisions(one)).toEqual(decisions(other))
  expect(new Set(decisions(one)).size).toBe(2)
})

it('logs a collector that fails once, and its return', async () => {
  const { tracing, collector, lines } = await trace()
  const send = async (spans: number) => {
    for (let span = 0; span < spans; span++) tracing.start('span', null).end()
    const { requests } = collector
    await expect.poll(() => collector.requests).toBeGreaterThan(requests)
  }
  collector.mode = 'refuse'
  await send(2)
  await send(3)
  await expect.poll(() => lines.length).toBe(1)
  expect(lines[0]).toMatchObject({ level: 40, msg: expect.stringContaining(`${collector.url}/v1/traces`) })
  collector.mode = 'accept'
  await send(1)
  await expect.poll(() => lines.length).toBe(2)
  expect(lines[1]).toMatchObject({ level: 30, lost: 5 })
  expect(collector.spans).toHaveLength(1)
})

it('closes although the collector hangs, and keeps a bounded number of spans', async () => {
  const { tracing, collector } = await trace()
  collector.mode = 'hang'
  for (let span = 0; span < 100_000; span++) tracing.start('span', null).end()
  await tracing.close()
  // Batches of 512 spans.
  expect(collector.requests).toBeLessThanOrEqual(9)
})
