import type { Span, SpanContext, SpanOptions } from '@opentelemetry/api'

/** What a span is below: another span, or only a trace, whose first span it then is. Null begins a new trace. */
export type Parent = SpanContext | { traceId: string } | null

/** Exists only if spans are exported. There is no active context, so every span names its parent. */
export interface Tracing {
  /** A parent that is not sampled has children that record nothing. */
  start(name: string, parent: Parent, options?: SpanOptions): Span
  /** Sends the spans that have ended, within a time limit. */
  close(): Promise<void>
}
