/** The span of a request, as it is stored with what it creates. */
export type StoredTrace = Pick<Origin, 'traceId' | 'spanId' | 'isSampled'>

/** The request that created an object, for the log lines and spans of its trainings. */
export interface Origin {
  requestId: string | null
  traceId: string | null
  /** The span of the request. Without tracing, that of its client; null without one. */
  spanId: string | null
  /** Whether that span is recorded; null without a span. */
  isSampled: boolean | null
}

export const unknownOrigin: Origin = { requestId: null, traceId: null, spanId: null, isSampled: null }
