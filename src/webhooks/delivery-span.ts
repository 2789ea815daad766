/** The span of one attempt of a delivery, in the trace of its job. */
import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { storedParent } from '../tracing/trace-context.js'
import type { Tracing } from '../tracing/tracing.js'
import type { DeliveryOutcome, DueDelivery } from './delivery-store.js'

/** Leaves out the path of the receiver, which may be a secret. */
export function startDelivery(tracing: Tracing, due: DueDelivery): Span {
  const span = tracing.start('webhook', storedParent(due), { kind: SpanKind.CLIENT })
  if (!span.isRecording()) return span
  const { hostname, port, protocol } = new URL(due.url)
  return span.setAttributes({
    'http.request.method': 'POST',
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    'http.request.resend_count': due.attempts - 1,
    'descent.webhook.id': due.webhookId,
    'descent.delivery.id': due.id,
    'descent.event': due.event,
    'descent.tenant.id': due.tenantId,
    ...(due.jobId !== null && { 'descent.job.id': due.jobId }),
  })
}

export function endDelivery(span: Span, { status, error }: Pick<DeliveryOutcome, 'status' | 'error'>): void {
  if (status !== null) span.setAttribute('http.response.status_code', status)
  if (error !== null) {
    span.setAttribute('error.type', status === null ? '_OTHER' : String(status))
    span.setStatus({ code: SpanStatusCode.ERROR, message: error })
  }
  span.end()
}
