/** The messages of clients on the stream of many jobs. */
import type { WebSocket } from 'ws'
import { validate } from '../bodies/validate.js'
import { describeLimit, effectiveLimit } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import { type ClientMessage, clientMessageSchema, maximumWatchedJobs } from '../contract/stream.js'
import type { MultiWatch, WatchPosition } from '../live/multi-watch.js'
import type { Tenant } from '../training/ports/tenants.js'
import type { TokenBuckets } from './token-buckets.js'

/** The connection of a client that exceeds these without reading is closed. */
const maximumWaitingSteps = 2 * maximumWatchedJobs
const maximumWaitingProblems = 100

interface WatchRequestsOptions {
  bundle: Pick<MultiWatch, 'size' | 'waiting' | 'watch' | 'unwatch'>
  tenant: Tenant
  /** Limits messages like requests: `requestsPerMinute` for each tenant. */
  rate: TokenBuckets
  /** Resolves when the client can receive more. */
  sendProblem(problem: Problem): Promise<void>
  onWatch(jobs: readonly WatchPosition[]): void
  onError(error: unknown): void
}

export function receiveWatchRequests(socket: WebSocket, options: WatchRequestsOptions): void {
  const { bundle, sendProblem, onError } = options
  let problems = 0
  socket.on('message', (data: Buffer) => {
    try {
      handle(data.toString(), options)
    } catch (error) {
      if (!(error instanceof Problem)) return onError(error)
      problems++
      sendProblem(error)
        .catch(onError)
        .finally(() => problems--)
    }
    if (bundle.waiting > maximumWaitingSteps || problems > maximumWaitingProblems) {
      socket.close(1008, 'too many unread messages')
    }
  })
}

/** @throws Problem */
function handle(text: string, { bundle, tenant, rate, onWatch, onError }: WatchRequestsOptions): void {
  checkRate(tenant, rate)
  const message = readMessage(text)
  switch (message.type) {
    case 'watch':
      checkSize(bundle.size + message.jobs.length)
      bundle.watch(message.jobs).catch(onError)
      onWatch(message.jobs)
      break
    case 'unwatch':
      for (const id of message.jobs) bundle.unwatch(id)
      break
    default:
      message satisfies never
  }
}

function readMessage(text: string): ClientMessage {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new Problem('malformed-json', `The message is not valid JSON: ${reason}.`)
  }
  return validate(clientMessageSchema, data, 'message')
}

function checkSize(jobs: number): void {
  if (jobs <= maximumWatchedJobs) return
  const message = `${jobs} jobs would be watched on this connection; the limit is ${maximumWatchedJobs}; unwatch some, or open another connection`
  throw new Problem('invalid-request', `/jobs: ${message}`, [{ pointer: '/jobs', message }])
}

function checkRate(tenant: Tenant, rate: TokenBuckets): void {
  const { tenantId, limits } = tenant
  const perMinute = effectiveLimit(limits, 'requestsPerMinute')
  if (rate.left(tenantId, perMinute) < 1) {
    const limit = describeLimit(limits, 'requestsPerMinute')
    throw new Problem(
      'rate-limited',
      `Too many messages within a minute; ${limit}. Send more jobs in one message.`,
    )
  }
  rate.take(tenantId, perMinute)
}
