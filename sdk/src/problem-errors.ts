/** A class for each problem code, for `instanceof`. The compiler compares them with the codes of the service. */
import { ApiError, type ProblemCode, type ReceivedProblem } from './errors.js'

export class InvalidRequestError extends ApiError<'invalid-request'> {}
export class MalformedJsonError extends ApiError<'malformed-json'> {}
export class TooDeepError extends ApiError<'too-deep'> {}
export class UnauthorizedError extends ApiError<'unauthorized'> {}
export class ForbiddenError extends ApiError<'forbidden'> {}
export class ForeignOriginError extends ApiError<'foreign-origin'> {}
export class TenantSuspendedError extends ApiError<'tenant-suspended'> {}
export class NotFoundError extends ApiError<'not-found'> {}
export class RequestTimeoutError extends ApiError<'request-timeout'> {}
export class JobFinishedError extends ApiError<'job-finished'> {}
export class JobActiveError extends ApiError<'job-active'> {}
export class DatasetInUseError extends ApiError<'dataset-in-use'> {}
export class ModelInUseError extends ApiError<'model-in-use'> {}
export class VersionUnavailableError extends ApiError<'version-unavailable'> {}
export class RegistryFullError extends ApiError<'registry-full'> {}
export class InvalidTransitionError extends ApiError<'invalid-transition'> {}
export class EpochBegunError extends ApiError<'epoch-begun'> {}
export class IdempotencyKeyInFlightError extends ApiError<'idempotency-key-in-flight'> {}
export class TooManySweepsError extends ApiError<'too-many-sweeps'> {}
export class TooManyWebhooksError extends ApiError<'too-many-webhooks'> {}
export class TooManyWorkshopsError extends ApiError<'too-many-workshops'> {}
export class TooManyShareLinksError extends ApiError<'too-many-share-links'> {}
export class WorkshopFullError extends ApiError<'workshop-full'> {}
export class NicknameTakenError extends ApiError<'nickname-taken'> {}
export class NoKeysError extends ApiError<'no-keys'> {}
export class TooManyKeysError extends ApiError<'too-many-keys'> {}
export class KeyNotLiveError extends ApiError<'key-not-live'> {}
export class LastAdminKeyError extends ApiError<'last-admin-key'> {}
export class TenantActiveError extends ApiError<'tenant-active'> {}
export class TenantDeletingError extends ApiError<'tenant-deleting'> {}
export class TooMuchStoredError extends ApiError<'too-much-stored'> {}
export class PreconditionFailedError extends ApiError<'precondition-failed'> {}
export class BodyTooLargeError extends ApiError<'body-too-large'> {}
export class DatasetTooLargeError extends ApiError<'dataset-too-large'> {}
export class UnsupportedMediaTypeError extends ApiError<'unsupported-media-type'> {}
export class WebsocketRequiredError extends ApiError<'websocket-required'> {}
export class IdempotencyKeyReusedError extends ApiError<'idempotency-key-reused'> {}
export class InvalidSpecError extends ApiError<'invalid-spec'> {}
export class InvalidDatasetError extends ApiError<'invalid-dataset'> {}
export class InvalidModelError extends ApiError<'invalid-model'> {}
export class InvalidInputError extends ApiError<'invalid-input'> {}
export class NotExportableError extends ApiError<'not-exportable'> {}
export class ModelTooLargeError extends ApiError<'model-too-large'> {}
export class BudgetExceededError extends ApiError<'budget-exceeded'> {}
export class HeadersTooLargeError extends ApiError<'headers-too-large'> {}
export class PreconditionRequiredError extends ApiError<'precondition-required'> {}
export class RateLimitedError extends ApiError<'rate-limited'> {}
export class TooManyJobsError extends ApiError<'too-many-jobs'> {}
export class TooManySocketsError extends ApiError<'too-many-sockets'> {}
export class InternalError extends ApiError<'internal'> {}
export class IntegrityError extends ApiError<'integrity'> {}
export class UnavailableError extends ApiError<'unavailable'> {}
export class OverloadedError extends ApiError<'overloaded'> {}
export class InsufficientStorageError extends ApiError<'insufficient-storage'> {}

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
} satisfies { [Code in ProblemCode]: ErrorClass<ApiError<Code>> }

type ErrorClass<Kind> = new (problem: ReceivedProblem, retryAfter?: number) => Kind

const known = new Map<string, ErrorClass<ApiError>>(Object.entries(classes))

/** The error of a problem. A code of a later service is an ApiError. */
export function problemError(problem: ReceivedProblem, retryAfter?: number): ApiError {
  const Kind = known.get(problem.code) ?? ApiError
  return new Kind(problem, retryAfter)
}
