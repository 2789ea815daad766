/** Contexts of spans as headers (W3C Trace Context, section 3.2) and as stored with jobs. */
import { type SpanContext, TraceFlags } from '@opentelemetry/api'
import type { StoredTrace } from '../training/ports/origin.js'
import type { Parent } from './tracing.js'

/** Version, trace id, parent id, flags; ids of only zeros are invalid. */
const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/

export function parseTraceparent(header: string | string[] | undefined): SpanContext | null {
  const match = typeof header === 'string' ? traceparentPattern.exec(header) : null
  if (match === null) return null
  const [, traceId, spanId, flags] = match
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

export const isSampled = ({ traceFlags }: Pick<SpanContext, 'traceFlags'>): boolean =>
  (traceFlags & TraceFlags.SAMPLED) !== 0

export function formatTraceparent(context: Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'>): string {
  return `00-${context.traceId}-${context.spanId}-${isSampled(context) ? '01' : '00'}`
}

/** Null if no span is stored. */
export function storedSpan({ traceId, spanId, isSampled }: StoredTrace): SpanContext | null {
  if (traceId === null || spanId === null) return null
  const traceFlags = isSampled === true ? TraceFlags.SAMPLED : TraceFlags.NONE
  return { traceId, spanId, traceFlags, isRemote: true }
}

/** For the spans of what the request caused. */
export function storedParent(stored: StoredTrace): Parent {
  const { traceId } = stored
  return storedSpan(stored) ?? (traceId === null ? null : { traceId })
}
