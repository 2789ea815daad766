/**
 * Sends the deliveries of the outbox, in any number of processes. An attempt claims its delivery for the time of a
 * lease. After a crash the lease ends, and the delivery is claimed again: a receiver gets it at least once.
 */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeadlineError, withDeadline } from '../base/deadline.js'
import { testEvent } from '../contract/webhook.js'
import { formatTraceparent } from '../tracing/trace-context.js'
import type { Tracing } from '../tracing/tracing.js'
import { endDelivery, startDelivery } from './delivery-span.js'
import type { AttemptLimits, DeliveryOutcome, DeliveryStore, DueDelivery } from './delivery-store.js'
import { type PostOptions, post } from './post.js'
import { signatureHeaders } from './signature.js'

/** Seconds from each failed attempt to the next. The eighth and last attempt is about a day after the first. */
export const retrySchedule = [5, 300, 1_800, 7_200, 18_000, 28_800, 32_400]

const attemptMilliseconds = 10_000
/** Time of the lease after the timeout of the attempt, to record its outcome. */
const recordSeconds = 3
/** The operator must restore the key. It does not count as a failure of the receiver. */
const undecryptable: DeliveryOutcome = {
  result: 'interrupted',
  status: null,
  error: 'not sent: no key of WEBHOOK_KEYS decrypts the secret of the webhook',
  retrySeconds: 300,
}

const pollMilliseconds = 5_000

/** Share of the time that claims take while wake-ups come. Each end of a job is a wake-up, so one claim serves many. */
const shareOfClaims = 1 / 10
const longestPauseMilliseconds = 250

export interface SenderOptions extends Pick<PostOptions, 'allowPrivate' | 'resolve'> {
  /** `attempts` limits the attempts of this process. */
  limits: AttemptLimits
  schedule?: readonly number[]
  timeoutMilliseconds?: number
  /** Null records no spans. */
  tracing?: Tracing | null
  onError(error: unknown): void
  onDisabled(webhook: { webhookId: string; tenantId: string; error: string | null }): void
}

export interface Sender {
  /** Claims deliveries now instead of at the next poll. */
  wake(): void
  /** Aborts the attempts in flight. Their deliveries are due again at once. */
  stop(): Promise<void>
}

export function sendDeliveries(webhooks: DeliveryStore, options: SenderOptions): Sender {
  const {
    limits,
    schedule = retrySchedule,
    timeoutMilliseconds = attemptMilliseconds,
    tracing = null,
    onError,
    onDisabled,
  } = options
  const inFlight = new Set<Promise<void>>()
  const stopping = new AbortController()
  // Each attempt in flight adds a listener.
  setMaxListeners(0, stopping.signal)
  let claiming: Promise<void> | undefined
  let claimAgain = false

  async function claimDue(): Promise<void> {
    do {
      claimAgain = false
      const attempts = limits.attempts - inFlight.size
      if (stopping.signal.aborted || attempts <= 0) return
      const leaseSeconds = timeoutMilliseconds / 1_000 + recordSeconds
      const began = performance.now()
      for (const due of await webhooks.claim({ ...limits, attempts }, leaseSeconds)) start(due)
      await pauseAfter(performance.now() - began)
    } while (claimAgain)
  }

  /** Ends at once when the sender stops. */
  async function pauseAfter(milliseconds: number): Promise<void> {
    const pause = Math.min(longestPauseMilliseconds, milliseconds * (1 / shareOfClaims - 1))
    await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
  }

  function start(due: DueDelivery): void {
    const attempt = deliver(due)
      .catch(onError)
      .finally(() => {
        inFlight.delete(attempt)
        wake()
      })
    inFlight.add(attempt)
  }

  async function deliver(due: DueDelivery): Promise<void> {
    const outcome = due.secrets.length === 0 ? undecryptable : await tryDelivery(due)
    const { disabledTenantId } = await webhooks.record(due, outcome)
    if (disabledTenantId !== null)
      onDisabled({ webhookId: due.webhookId, tenantId: disabledTenantId, error: outcome.error })
  }

  async function tryDelivery(due: DueDelivery): Promise<DeliveryOutcome> {
    const span = tracing && startDelivery(tracing, due)
    const { status, error } = await attempt(due, span && formatTraceparent(span.spanContext()))
    if (span !== null) endDelivery(span, { status, error })
    if (error === null) return { result: 'delivered', status, error, retrySeconds: null }
    if (stopping.signal.aborted) return { result: 'interrupted', status, error, retrySeconds: 0 }
    return { result: 'failed', status, error, retrySeconds: computeDelay(due) }
  }

  function computeDelay({ event, attempts, attemptsBefore }: DueDelivery): number | null {
    const delay = event === testEvent ? undefined : schedule[attempts - attemptsBefore - 1]
    // Jitter: deliveries that failed together are not retried together.
    return delay === undefined ? null : delay * (0.8 + 0.4 * Math.random())
  }

  async function attempt(
    due: DueDelivery,
    traceparent: string | null,
  ): Promise<{ status: number | null; error: string | null }> {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Descent-Webhooks',
      ...(traceparent !== null && { traceparent }),
      ...signatureHeaders(due.secrets, due, new Date()),
    }
    const send = (signal: AbortSignal) => post(due.url, headers, due.body, { ...options, signal })
    try {
      const status = await withDeadline(timeoutMilliseconds, send, stopping.signal)
      if (status >= 200 && status < 300) return { status, error: null }
      const isRedirect = status >= 300 && status < 400
      return {
        status,
        error: isRedirect ? `answered ${status}: redirects are not followed` : `answered ${status}`,
      }
    } catch (error) {
      return { status: null, error: describeError(error) }
    }
  }

  function wake(): void {
    claimAgain = true
    claiming ??= claimDue()
      .catch(onError)
      .finally(() => {
        claiming = undefined
      })
  }

  const timer = setInterval(wake, pollMilliseconds)
  wake()
  return {
    wake,
    async stop() {
      stopping.abort(new Error('the service stopped during the attempt'))
      clearInterval(timer)
      await claiming
      await Promise.all(inFlight)
    },
  }
}

function describeError(error: unknown): string {
  if (error instanceof DeadlineError) return `no answer within ${error.milliseconds / 1_000} s`
  return error instanceof Error ? error.message.slice(0, 300) : 'failed'
}
