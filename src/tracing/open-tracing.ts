import type { Logger } from 'pino'
import type { Tracing } from './tracing.js'

export interface TracingOptions {
  /** Where OTLP is received over HTTP, without `/v1/traces`; undefined exports no spans. */
  endpoint: string | undefined
  headers: Record<string, string>
  serviceName: string
  /** Distinguishes the processes of a service. */
  instance: string
  /** Share of the traces without a parent that is recorded. */
  ratio: number
}

/** Null without an endpoint: the SDK is then not loaded, and no span is built. */
export async function openTracing(
  { endpoint, ...options }: TracingOptions,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<Tracing | null> {
  if (endpoint === undefined) return null
  const { startSdk } = await import('./tracing-sdk.js')
  return startSdk({ ...options, url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }, log)
}
