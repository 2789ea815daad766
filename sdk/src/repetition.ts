/** Which requests may be repeated, and when. */
import { ApiError, type DescentError } from './errors.js'
import type { KeyedRoute, Route } from './routes.js'

/** The compiler compares this list with the routes of the service. */
const keyed: Record<KeyedRoute, true> = {
  'POST /admin/keys': true,
  'POST /admin/keys/batch': true,
  'POST /jobs': true,
  'POST /jobs/batch': true,
  'POST /jobs/{id}/fork': true,
  'POST /models': true,
  'POST /models/{id}/retrain': true,
  'POST /sweeps': true,
  'POST /webhooks': true,
  'POST /workshops': true,
}

/** Requests without a key whose repetition changes nothing. */
const harmless: ReadonlySet<Route> = new Set<Route>([
  'POST /datasets/preview',
  'POST /jobs/validate',
  'POST /jobs/{id}/cancel',
  'POST /jobs/{id}/pause',
  'POST /jobs/{id}/stream-tickets',
  'POST /models/{id}/evaluate',
  'POST /models/{id}/predict',
  'POST /receipts/check',
  'POST /stream-tickets',
  'POST /sweeps/{id}/cancel',
  'POST /sweeps/{id}/pause',
])

/** Whether the route takes an Idempotency-Key. */
export const takesKey = (route: Route) => route in keyed

/** Whether a repetition of the request does nothing twice. */
export const isRepeatable = (route: Route) =>
  !route.startsWith('POST ') || takesKey(route) || harmless.has(route)

/** Whether the same request may succeed soon, and its repetition does nothing twice. */
export function isMomentary(error: DescentError, isSafe: boolean): boolean {
  if (!(error instanceof ApiError)) return isSafe
  if (error.code === 'idempotency-key-in-flight') return true
  if (error.status === 429) return error.retryAfter !== undefined
  // An overloaded service has stored nothing.
  if (error.code === 'overloaded') return true
  return isSafe && [408, 502, 503, 504].includes(error.status)
}

export const isNotFound = (error: DescentError) => error instanceof ApiError && error.code === 'not-found'

/** Whether the request had no effect for certain. */
export const isRefusal = (error: DescentError) => error instanceof ApiError && error.status < 500

export const retryAfter = (error: DescentError) => (error instanceof ApiError ? error.retryAfter : undefined)
