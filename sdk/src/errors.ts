/** What calls reject with. Every error of this package is a DescentError. */
import type { components } from './generated/api.js'

type Schemas = components['schemas']

export type ProblemCode = Schemas['ProblemCode']
type Job = Schemas['Job']
type Sweep = Schemas['Sweep']

export class DescentError extends Error {
  override readonly name: string = 'DescentError'
}

/** The service did not answer, or the connection was cut. `cause` has the reason. */
export class ConnectionError extends DescentError {
  override readonly name = 'ConnectionError'
}

/** The service did not answer in time. */
export class TimeoutError extends DescentError {
  override readonly name = 'TimeoutError'
}

/** A webhook whose signature, age or headers are wrong. */
export class WebhookVerificationError extends DescentError {
  override readonly name = 'WebhookVerificationError'
}

/** The training failed. `code` names the cause. */
export class JobFailedError extends DescentError {
  override readonly name = 'JobFailedError'
  readonly code: Schemas['JobErrorCode'] | undefined

  constructor(
    /** The failed job. */
    readonly job: Job,
  ) {
    super(`Job ${job.id} failed: ${job.error?.message ?? 'the service gives no reason'}`)
    this.code = job.error?.code
  }
}

/** A client cancelled the training. */
export class JobCancelledError extends DescentError {
  override readonly name = 'JobCancelledError'

  constructor(readonly job: Job) {
    super(`Job ${job.id} was cancelled after epoch ${job.epoch}.`)
  }
}

/** No trial of the sweep succeeded. */
export class SweepFailedError extends DescentError {
  override readonly name = 'SweepFailedError'

  constructor(readonly sweep: Sweep) {
    super(`No trial of sweep ${sweep.id} succeeded.`)
  }
}

/** A client cancelled the sweep. */
export class SweepCancelledError extends DescentError {
  override readonly name = 'SweepCancelledError'

  constructor(readonly sweep: Sweep) {
    super(`Sweep ${sweep.id} was cancelled.`)
  }
}

/** A code of this version, or of a later one. */
type AnyCode = ProblemCode | (string & Record<never, never>)

/** An error that the service answered (application/problem+json). Each code has a subclass. */
export class ApiError extends DescentError {
  override readonly name: string
  /** Stays the same in all versions. */
  readonly code: AnyCode
  /** HTTP status. */
  readonly status: number
  /** The kind of problem in a few words. */
  readonly title: string
  /** What was wrong, with values and limits. */
  readonly detail: string
  /** The places in the request, by JSON Pointer. */
  readonly errors: readonly { pointer: string; message: string }[]
  /** What to do about it. Empty if the answer does not say. */
  readonly remedy: string
  /** Finds the request in the log of the service. */
  readonly traceId: string | undefined
  /** Seconds after which the service asks to repeat the request. */
  readonly retryAfter: number | undefined

  /** @param problem whose code is that of the class */
  constructor(problem: ReceivedProblem, retryAfter?: number) {
    super(problem.detail)
    this.name = `${problem.code.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}Error`
    this.code = problem.code
    this.status = problem.status
    this.title = problem.title
    this.detail = problem.detail
    this.errors = problem.errors ?? []
    this.remedy = problem.remedy ?? ''
    this.traceId = problem.traceId
    this.retryAfter = retryAfter
  }
}

/** A problem, possibly of an earlier service or of a proxy. */
export interface ReceivedProblem
  extends Pick<Schemas['Problem'], 'status' | 'title' | 'detail'>,
    Partial<Pick<Schemas['Problem'], 'errors' | 'remedy' | 'traceId'>> {
  code: string
}
