/** The SDK of OpenTelemetry. Loaded only if spans are exported. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT_CONTEXT, type SpanOptions, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { randomHex } from '../base/random-hex.js'
import type { TracingOptions } from './open-tracing.js'
import type { Parent, Tracing } from './tracing.js'

/** Further spans are dropped while this many wait for the collector. */
const maximumWaitingSpans = 4_096
const exportMilliseconds = 5_000
/** Milliseconds for the last export of a process that stops. */
const closeMilliseconds = 2_000

/** An attribute may come from a client, such as a path. */
const maximumAttributeLength = 1_000

type Log = Pick<Logger, 'info' | 'warn'>

interface SdkOptions extends Omit<TracingOptions, 'endpoint'> {
  url: string
}

export function startSdk({ url, headers, serviceName, instance, ratio }: SdkOptions, log: Log): Tracing {
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: exportMilliseconds })
  const ids = new TraceIds()
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.instance.id': instance }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    idGenerator: ids,
    spanLimits: { attributeValueLengthLimit: maximumAttributeLength },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new ReportedExporter(exporter, url, log),
        maxQueueSize: maximumWaitingSpans,
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: 2 * exportMilliseconds,
      }),
    ],
  })
  const tracer = provider.getTracer('descent')
  return {
    start(name: string, parent: Parent, options?: SpanOptions) {
      if (parent !== null && 'spanId' in parent)
        return tracer.startSpan(name, options, trace.setSpanContext(ROOT_CONTEXT, parent))
      return ids.within(parent?.traceId, () => tracer.startSpan(name, options, ROOT_CONTEXT))
    },
    async close() {
      const end = new AbortController()
      await Promise.race([
        provider.shutdown(),
        sleep(closeMilliseconds, undefined, { signal: end.signal }),
      ]).catch((error) => log.warn({ err: error }, 'tracing'))
      end.abort()
    },
  }
}

/** Gives the first span of a trace the trace id of its request. */
class TraceIds implements IdGenerator {
  #traceId: string | undefined

  within<T>(traceId: string | undefined, work: () => T): T {
    this.#traceId = traceId
    try {
      return work()
    } finally {
      this.#traceId = undefined
    }
  }

  generateTraceId = (): string => this.#traceId ?? randomHex(32)

  generateSpanId = (): string => randomHex(16)
}

/** Logs the first failure of a series, and the next success. */
class ReportedExporter implements SpanExporter {
  /** Spans that were lost since the last success. */
  #lost = 0

  constructor(
    private readonly exporter: SpanExporter,
    private readonly url: string,
    private readonly log: Log,
  ) {}

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    this.exporter.export(spans, (result) => {
      this.#report(spans.length, result.error)
      done(result)
    })
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown()
  }

  #report(spans: number, error: Error | undefined): void {
    if (error === undefined) {
      if (this.#lost > 0) this.log.info({ lost: this.#lost }, 'spans are exported again')
      this.#lost = 0
      return
    }
    if (this.#lost === 0) {
      this.log.warn({ err: error }, `${this.url} accepts no spans; they are dropped until it does`)
    }
    this.#lost += spans
  }
}
