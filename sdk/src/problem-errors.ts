/** A class for each problem code, for `instanceof`. The compiler compares them with the codes of the service. */
import { ApiError, type ProblemCode, type ReceivedProblem } from './errors.js'

interface CodedError<Code extends ProblemCode> extends ApiError {
  /** Stays the same in all versions. */
  readonly code: Code
}

/** Not a parameter of ApiError, because `instanceof` would make the code of a generic class `any`. */
const Coded = ApiError as new <Code extends ProblemCode>(
  problem: ReceivedProblem,
  retryAfter?: number,
) => CodedError<Code>

export class InvalidRequestError extends Coded<'invalid-request'> {}
export class MalformedJsonError extends Coded<'malformed-json'> {}
export class TooDeepError extends Coded<'too-deep'> {}
export class UnauthorizedError extends Coded<'unauthorized'> {}
export class ForbiddenError extends Coded<'forbidden'> {}
export class ForeignOriginError extends Coded<'foreign-origin'> {}
export class TenantSuspendedError extends Coded<'tenant-suspended'> {}
export class NotFoundError extends Coded<'not-found'> {}
export class RequestTimeoutError extends Coded<'request-timeout'> {}
export class JobFinishedError extends Coded<'job-finished'> {}
export class JobActiveError extends Coded<'job-active'> {}
export class DatasetInUseError extends Coded<'dataset-in-use'> {}
export class ModelInUseError extends Coded<'model-in-use'> {}
export class VersionUnavailableError extends Coded<'version-unavailable'> {}
export class RegistryFullError extends Coded<'registry-full'> {}
export class InvalidTransitionError extends Coded<'invalid-transition'> {}
export class EpochBegunError extends Coded<'epoch-begun'> {}
export class IdempotencyKeyInFlightError extends Coded<'idempotency-key-in-flight'> {}
export class TooManySweepsError extends Coded<'too-many-sweeps'> {}
export class TooManyWebhooksError extends Coded<'too-many-webhooks'> {}
export class TooManyWorkshopsError extends Coded<'too-many-workshops'> {}
export class TooManyShareLinksError extends Coded<'too-many-share-links'> {}
export class WorkshopFullError extends Coded<'workshop-full'> {}
export class NicknameTakenError extends Coded<'nickname-taken'> {}
export class NoKeysError extends Coded<'no-keys'> {}
export class TooManyKeysError extends Coded<'too-many-keys'> {}
export class KeyNotLiveError extends Coded<'key-not-live'> {}
export class LastAdminKeyError extends Coded<'last-admin-key'> {}
export class TenantActiveError extends Coded<'tenant-active'> {}
export class TenantDeletingError extends Coded<'tenant-deleting'> {}
export class TooMuchStoredError extends Coded<'too-much-stored'> {}
export class PreconditionFailedError extends Coded<'precondition-failed'> {}
export class BodyTooLargeError extends Coded<'body-too-large'> {}
export class DatasetTooLargeError extends Coded<'dataset-too-large'> {}
export class UnsupportedMediaTypeError extends Coded<'unsupported-media-type'> {}
export class WebsocketRequiredError extends Coded<'websocket-required'> {}
export class IdempotencyKeyReusedError extends Coded<'idempotency-key-reused'> {}
export class InvalidSpecError extends Coded<'invalid-spec'> {}
export class InvalidDatasetError extends Coded<'invalid-dataset'> {}
export class InvalidModelError extends Coded<'invalid-model'> {}
export class InvalidInputError extends Coded<'invalid-input'> {}
export class NotExportableError extends Coded<'not-exportable'> {}
export class ModelTooLargeError extends Coded<'model-too-large'> {}
export class BudgetExceededError extends Coded<'budget-exceeded'> {}
export class HeadersTooLargeError extends Coded<'headers-too-large'> {}
export class PreconditionRequiredError extends Coded<'precondition-required'> {}
export class RateLimitedError extends Coded<'rate-limited'> {}
export class TooManyJobsError extends Coded<'too-many-jobs'> {}
export class TooManySocketsError extends Coded<'too-many-sockets'> {}
export class InternalError extends Coded<'internal'> {}
export class IntegrityError extends Coded<'integrity'> {}
export class UnavailableError extends Coded<'unavailable'> {}
export class OverloadedError extends Coded<'overloaded'> {}
export class InsufficientStorageError extends Coded<'insufficient-storage'> {}

const classes = {
  'invalid-request': InvalidRequestError,
  'malformed-json': MalformedJsonError,
  'too-deep': TooDeepError,
  unauthorized: UnauthorizedError,
  forbidden: ForbiddenError,
  'foreign-origin': ForeignOriginError,
  'tenant-suspended': TenantSuspendedError,
  'not-found': NotFoundError,
  'request-timeout': RequestTimeoutError,
  'job-finished': JobFinishedError,
  'job-active': JobActiveError,
  'dataset-in-use': DatasetInUseError,
  'model-in-use': ModelInUseError,
  'version-unavailable': VersionUnavailableError,
  'registry-full': RegistryFullError,
  'invalid-transition': InvalidTransitionError,
  'epoch-begun': EpochBegunError,
  'idempotency-key-in-flight': IdempotencyKeyInFlightError,
  'too-many-sweeps': TooManySweepsError,
  'too-many-webhooks': TooManyWebhooksError,
  'too-many-workshops': TooManyWorkshopsError,
  'too-many-share-links': TooManyShareLinksError,
  'workshop-full': WorkshopFullError,
  'nickname-taken': NicknameTakenError,
  'no-keys': NoKeysError,
  'too-many-keys': TooManyKeysError,
  'key-not-live': KeyNotLiveError,
  'last-admin-key': LastAdminKeyError,
  'tenant-active': TenantActiveError,
  'tenant-deleting': TenantDeletingError,
  'too-much-stored': TooMuchStoredError,
  'precondition-failed': PreconditionFailedError,
  'body-too-large': BodyTooLargeError,
  'dataset-too-large': DatasetTooLargeError,
  'unsupported-media-type': UnsupportedMediaTypeError,
  'websocket-required': WebsocketRequiredError,
  'idempotency-key-reused': IdempotencyKeyReusedError,
  'invalid-spec': InvalidSpecError,
  'invalid-dataset': InvalidDatasetError,
  'invalid-model': InvalidModelError,
  'invalid-input': InvalidInputError,
  'not-exportable': NotExportableError,
  'model-too-large': ModelTooLargeError,
  'budget-exceeded': BudgetExceededError,
  'headers-too-large': HeadersTooLargeError,
  'precondition-required': PreconditionRequiredError,
  'rate-limited': RateLimitedError,
  'too-many-jobs': TooManyJobsError,
  'too-many-sockets': TooManySocketsError,
  internal: InternalError,
  integrity: IntegrityError,
  unavailable: UnavailableError,
  overloaded: OverloadedError,
  'insufficient-storage': InsufficientStorageError,
} satisfies { [Code in ProblemCode]: ErrorClass<CodedError<Code>> }

type ErrorClass<Kind> = new (problem: ReceivedProblem, retryAfter?: number) => Kind

const known = new Map<string, ErrorClass<ApiError>>(Object.entries(classes))

/** The error of a problem. A code of a later service is an ApiError. */
export function problemError(problem: ReceivedProblem, retryAfter?: number): ApiError {
  const Kind = known.get(problem.code) ?? ApiError
  return new Kind(problem, retryAfter)
}
