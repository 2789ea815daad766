/**
 * Every error a client can meet: one table, one class. Answers are application/problem+json (RFC 9457);
 * `README.md` lists the same codes and a test compares the two.
 */
import { z } from 'zod'

interface ProblemKind {
  status: number
  title: string
  /** The parts of the page at /problems/{code}: what happened, what to do about it, a `detail` as it may come. */
  meaning: string
  remedy: string
  example: string
}

export const problems = {
  'invalid-request': {
    status: 400,
    title: 'The request does not fit its schema',
    meaning:
      'A field is missing, unknown, of another type, or out of range. Numbers written as text are not converted.',
    remedy:
      'Look at `errors`: each item points at one place of the request by JSON Pointer and says what is expected there.',
    example: '/epochs: must be a number, not the text "10"',
  },
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    meaning:
      'The body could not be read as JSON in UTF-8, names a field twice in one object, or uses the names __proto__ or constructor.prototype.',
    remedy: 'Send valid JSON in UTF-8, without a trailing comma, with content-type: application/json.',
    example: 'The body is not valid JSON: Unexpected end of JSON input.',
  },
  'too-deep': {
    status: 400,
    title: 'The body is nested too deeply',
    meaning: 'Objects and lists of the body are nested deeper than any request needs.',
    remedy: 'Send a flatter body.',
    example: 'The body is nested more than 32 levels deep.',
  },
  unauthorized: {
    status: 401,
    title: 'A key is needed',
    meaning:
      'The request has no key, or one that is mistyped, unknown, revoked or expired; or its ticket holds no longer.',
    remedy:
      'Send the header authorization: Bearer …. Whoever runs the service makes keys: npm run keys -- create --tenant … --scopes ….',
    example: 'The key is unknown, was revoked, or has expired.',
  },
  forbidden: {
    status: 403,
    title: 'The key may not do that',
    meaning: 'The key is good, but lacks the scope that this address needs.',
    remedy: 'Use a key with the scope named in `detail`.',
    example: 'This needs a key with the scope jobs:write.',
  },
  'foreign-origin': {
    status: 403,
    title: 'The page may not use this service',
    meaning:
      'A browser sent the request for a page from another place, or an open service was asked by a name that is not its machine’s.',
    remedy: 'Open the page from the service itself, or have its origin named in the setting ALLOWED_ORIGINS.',
    example: 'Pages from https://example.org may not use this service; ALLOWED_ORIGINS names those that may.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    meaning: 'The address is not one of this service, or names something that does not exist (any more).',
    remedy: 'Check the id and the address; lists such as GET /jobs show what exists.',
    example: 'There is no job job_0123456789abcdef0123456789abcdef.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    meaning: 'The connection was open longer than any request may take, and the request was still not whole.',
    remedy:
      'Send the request again, without pauses. The limit is the setting MAXIMUM_UPLOAD_SECONDS, and ten seconds more.',
    example:
      'The request was not whole after 610 seconds (MAXIMUM_UPLOAD_SECONDS + 10), or its headers after 60, the most allowed here.',
  },
  'job-finished': {
    status: 409,
    title: 'The job has already ended',
    meaning: 'A job that succeeded, failed or was cancelled is changed no more.',
    remedy: 'Start a new job; `from` starts it with the weights of a model.',
    example: 'The job has already ended: it is succeeded.',
  },
  'job-active': {
    status: 409,
    title: 'The job has not ended yet',
    meaning: 'Only a job that has ended can be deleted.',
    remedy: 'Cancel the job first, or wait for its end.',
    example: 'The job is running: cancel it first.',
  },
  'dataset-in-use': {
    status: 409,
    title: 'The dataset is in use',
    meaning:
      'A job that has not ended trains or validates on the dataset, or it is one of the built-in ones.',
    remedy: 'Wait for the job, or cancel it, and delete the dataset then.',
    example:
      'A job that has not ended uses dataset ds_9f86d081884c7d659a2feaa0c55ad015: cancel it, or wait for its end.',
  },
  'model-in-use': {
    status: 409,
    title: 'The model is in use',
    meaning: 'A job that has not ended starts from the weights of the model.',
    remedy: 'Wait for the job, or cancel it, and delete the model then.',
    example:
      'A job that has not ended starts from model mdl_9f86d081884c7d659a2feaa0c55ad015: cancel it, or wait for its end.',
  },
  'invalid-transition': {
    status: 409,
    title: 'The job is in no state for that',
    meaning: 'The job cannot go from its state to the one asked for; only a paused job can be resumed.',
    remedy: 'Look at the `status` of the job and ask for what is possible from there.',
    example: 'The job is queued, not paused.',
  },
  'idempotency-key-in-flight': {
    status: 409,
    title: 'A request with this Idempotency-Key is being answered',
    meaning: 'Another request with the same Idempotency-Key has arrived and has no answer yet.',
    remedy: 'Wait a moment and send the request again with the same key: you get the answer of the first.',
    example: 'Another request with this Idempotency-Key is being answered; ask again in a moment.',
  },
  'too-many-webhooks': {
    status: 409,
    title: 'There are as many webhooks as may be',
    meaning: 'Each tenant may have 20 webhooks, and has them.',
    remedy:
      'Delete a webhook that is no longer needed (GET /webhooks lists them), then register the new one.',
    example: 'There are 20 webhooks already; 20 are allowed. Delete one first.',
  },
  'too-much-stored': {
    status: 409,
    title: 'There is as much stored as may be',
    meaning:
      'Datasets and models of the tenant, with the models that its unfinished jobs will leave, would take more bytes than it may have.',
    remedy:
      'Delete datasets or models that are no longer needed. The limit is the setting MAXIMUM_STORED_BYTES, or the tenant’s own in its place (GET /limits).',
    example:
      'With this, datasets and models would take 2000000 bytes; 1000000 are allowed (MAXIMUM_STORED_BYTES).',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'The body has more bytes than this address takes.',
    remedy:
      'Send less, or upload the rows as a dataset and name it in the job. The limit is the setting MAXIMUM_BODY_BYTES.',
    example: 'The body is larger than 1048576 bytes, the most allowed here.',
  },
  'dataset-too-large': {
    status: 413,
    title: 'The dataset is too large',
    meaning:
      'An upload passed a limit: on bytes, rows, columns, the length of a line or cell, pixels, files in an archive, or on the memory and time that reading takes.',
    remedy: 'Upload less at once. The detail names the limit and its setting.',
    example: 'the file has 20000 columns; at most 10000 columns are allowed (MAXIMUM_DATASET_COLUMNS)',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type is not understood here',
    meaning: 'The body is of a kind that this address does not read.',
    remedy: 'Set the content-type header to one that the documentation of this address lists.',
    example: 'A body of content-type application/xml is not understood here.',
  },
  'websocket-required': {
    status: 426,
    title: 'This address speaks WebSocket',
    meaning: 'The stream of a job is a WebSocket, or server-sent events; the request asked for neither.',
    remedy: 'Connect with a WebSocket client, or send the header accept: text/event-stream.',
    example: 'Connect to this address with a WebSocket, or ask for text/event-stream.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    meaning:
      'A request with the same Idempotency-Key, but another address or body, was answered within the last 24 hours.',
    remedy: 'Make a new key for each new request; use a key again only to repeat the very same request.',
    example: 'This Idempotency-Key belongs to another request.',
  },
  'invalid-spec': {
    status: 422,
    title: 'The training cannot work as described',
    meaning:
      'Each field is well-formed, but together they describe a training that cannot work: shapes that do not fit, a loss that does not go with the last layer, a dataset or model that does not exist.',
    remedy: 'Read `detail`: it names the layer or field and what would fit.',
    example: 'Layer 1 (dense) has 1 unit, but the target has 3 classes: give it 3 units.',
  },
  'invalid-dataset': {
    status: 422,
    title: 'The dataset cannot be used',
    meaning: 'The rows could not be read as a table of numbers and categories.',
    remedy: 'Read `detail`: it names the line and column. Correct the file and upload it again.',
    example: 'Line 7 has 4 cells; the first line names 5 columns.',
  },
  'invalid-input': {
    status: 422,
    title: 'The input does not fit the model',
    meaning:
      'A row to predict from has the wrong number of values, an unknown column, or a value that the model cannot take.',
    remedy: 'Give one value for each name in the `columns` of the model (GET /models/{id}).',
    example: '/inputs/0: has 3 numbers, the model takes 4',
  },
  'model-too-large': {
    status: 422,
    title: 'The training needs more memory than is allowed',
    meaning:
      'Weights, gradients and activations of a batch together need more memory than one training may take.',
    remedy:
      'Make layers or the batch smaller. The limit is the setting MAXIMUM_ARENA_BYTES, or the tenant’s own in its place (GET /limits).',
    example: 'This training needs 2147483648 bytes of memory; 1073741824 are allowed (MAXIMUM_ARENA_BYTES).',
  },
  'budget-exceeded': {
    status: 422,
    title: 'The training needs more work than is allowed',
    meaning:
      'The epochs, floating-point operations, or threads of the whole training are more than one job may use.',
    remedy:
      'Train fewer epochs, on fewer rows, or a smaller network. The limit is named in `detail`; GET /limits shows all of them.',
    example:
      'This training needs 3.00e+16 floating-point operations; 1.00e+16 are allowed (MAXIMUM_JOB_FLOPS).',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    meaning: 'The address and headers of the request together have more bytes than are read.',
    remedy: 'Send less in the address and the headers; long questions fit into the body of a POST.',
    example: 'The address and headers have more than 16384 bytes, the most allowed here.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    meaning:
      'The tenant sent more requests within a minute than it may, or too many wrong keys or tickets came from the client’s address. Each API process counts for itself.',
    remedy:
      'Wait as long as `retry-after` says. The limit of requests is the setting MAXIMUM_REQUESTS_PER_MINUTE, or the tenant’s own in its place (GET /limits); that of wrong keys is MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE.',
    example:
      'More than 600 requests came within a minute; 600 are allowed (MAXIMUM_REQUESTS_PER_MINUTE). Ask again in 1 s.',
  },
  'too-many-jobs': {
    status: 429,
    title: 'There are as many waiting jobs as may be',
    meaning: 'The tenant has as many jobs queued or paused as it may have.',
    remedy:
      'Wait until some have run, or cancel some. The limit is the setting MAXIMUM_QUEUED_JOBS, or the tenant’s own in its place (GET /limits).',
    example: 'With this job 11 would be queued or paused; 10 are allowed (MAXIMUM_QUEUED_JOBS).',
  },
  'too-many-sockets': {
    status: 429,
    title: 'There are as many open streams as may be',
    meaning:
      'The tenant watches as many jobs at once, over WebSockets and server-sent events, as it may. Each API process counts for itself.',
    remedy:
      'Close a stream that is no longer needed. The limit is the setting MAXIMUM_SOCKETS, or the tenant’s own in its place (GET /limits).',
    example: 'With this stream 101 would be open; 100 are allowed (MAXIMUM_SOCKETS).',
  },
  internal: {
    status: 500,
    title: 'Something broke on our side',
    meaning: 'The service met an error that is not the fault of the request.',
    remedy:
      'Try again. If it stays, give `traceId` to whoever runs the service: it finds the error in the log.',
    example: 'Something broke on our side; the trace id finds it in the log.',
  },
  integrity: {
    status: 500,
    title: 'What is stored is damaged',
    meaning: 'The stored weights of the model do not match the hash that was taken when they were stored.',
    remedy:
      'Train the model again, or restore the database from a backup. Nothing is computed with damaged weights.',
    example: 'The stored weights of model mdl_0123456789abcdef0123456789abcdef do not match their hash.',
  },
  unavailable: {
    status: 503,
    title: 'The service is not ready',
    meaning: 'The database, the queue, or every worker is out of reach now.',
    remedy: 'Try again in a while; GET /health/ready says what is missing.',
    example: 'Not ready: no worker is connected.',
  },
  overloaded: {
    status: 503,
    title: 'Too much to do at once',
    meaning:
      'More is being stored or read than goes at a time, and the turn of this request did not come in time. Nothing of it was kept.',
    remedy: 'Send the request again after the seconds in `retry-after`, and fewer at the same time.',
    example: 'As many uploads are under way as go at a time (3), and none ended within 60 s.',
  },
  'insufficient-storage': {
    status: 507,
    title: 'There is no room to store this',
    meaning: 'The disk of the service or of its database is full, so what was sent was not stored.',
    remedy: 'Free room on that disk, then send the request again.',
    example: 'There is no room on the disk for this upload; nothing of it was kept.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems

export interface ProblemItem {
  /** JSON Pointer (RFC 6901) to the offending part of the request. */
  pointer: string
  message: string
}

/** Thrown anywhere, answered as problem+json. `detail` is shown to the client as it stands. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly errors: ProblemItem[] = [],
  ) {
    super(detail)
  }
}

/** Another request with the same Idempotency-Key has no answer yet. */
export function keyInFlight(): Problem {
  const detail = 'Another request with this Idempotency-Key is being answered; ask again in a moment.'
  return new Problem('idempotency-key-in-flight', detail)
}

export function keyReused(): Problem {
  return new Problem('idempotency-key-reused', 'This Idempotency-Key belongs to another request.')
}

/** Whether a text is one of the codes. */
export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problems, text)
}

export const problemSchema = z.object({
  type: z.string().describe('address of a page about this code'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
  traceId: z.string(),
})
export type ProblemBody = z.infer<typeof problemSchema>

/** The token of a JSON Pointer for one path segment (RFC 6901, section 3). */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
