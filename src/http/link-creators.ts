import type { FastifyRequest } from 'fastify'
import { storedSpan } from '../tracing/trace-context.js'
import type { StoredTrace } from '../training/ports/origin.js'

/** Less than a span may have. */
export const maximumLinks = 100

/** Links the span of a stream to those of the requests that created what it watches. */
export async function linkCreators(
  { span }: Pick<FastifyRequest, 'span'>,
  read: () => Promise<StoredTrace[]>,
): Promise<void> {
  if (span === null || !span.isRecording()) return
  for (const stored of await read()) {
    const context = storedSpan(stored)
    if (context !== null) span.addLink({ context })
  }
}
