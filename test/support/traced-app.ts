/** The HTTP application whose spans a collector receives. */
import { pino } from 'pino'
import { expect } from 'vitest'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import { openTracing } from '../../src/tracing/open-tracing.js'
import { generous, openApp, type RunningApp } from './app.js'
import { openCollector, type ReceivedSpan } from './collector.js'

export const clientSpan = '00f067aa0ba902b7'

export interface TracedApp {
  service: RunningApp
  url: string
  spans: ReceivedSpan[]
  newTrace(): string
  /** Sends a request in the trace. */
  send(traceId: string, path: string, init?: RequestInit, flags?: string): Promise<Response>
  /** The first span of the trace that is received, of that name if it is given. */
  spanOf(traceId: string, name?: string): Promise<ReceivedSpan>
  close(): Promise<void>
}

export async function openTracedApp(): Promise<TracedApp> {
  const collector = await openCollector()
  const options = { endpoint: collector.url, headers: {}, serviceName: 'api', instance: 'one', ratio: 1 }
  const log = pino({ level: 'silent' })
  const tracing = await openTracing(options, log)
  const visitors = new FailedAuthentications(1_000_000, [])
  const service = await openApp(20_000, log, null, generous, visitors, null, tracing)
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { spans } = collector
  let traces = 0
  return {
    service,
    url,
    spans,
    newTrace: () => (++traces).toString(16).padStart(32, 'a'),
    send(traceId, path, init = {}, flags = '01') {
      const traceparent = `00-${traceId}-${clientSpan}-${flags}`
      return fetch(`${url}${path}`, { ...init, headers: { ...init.headers, traceparent } })
    },
    async spanOf(traceId, name) {
      const find = () =>
        spans.find((span) => span.traceId === traceId && (name === undefined || span.name === name))
      await expect.poll(find).toBeDefined()
      const span = find()
      if (span === undefined) throw new Error(`there is no span of ${traceId}`)
      return span
    },
    async close() {
      await service.close()
      await tracing?.close()
      collector.close()
    },
  }
}

/** A request that posts JSON. */
export const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
