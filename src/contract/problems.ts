/**
 * Every error a client can meet: one table, one class. Answers are application/problem+json (RFC 9457);
 * `npm run docs` lists the codes in docs/api.md.
 */
import { z } from 'zod'

interface ProblemKind {
  status: number
  title: string
  /** Parts of the page at /problems/{code}: the cause, the remedy, and an example of `detail`. */
  meaning: string
  remedy: string
  example: string
}

export const problems = {
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    meaning:
      'A field is missing, unknown, of the wrong type, or out of range. Numbers sent as strings are not converted.',
    remedy: 'Read `errors`: each item gives the JSON Pointer of one field and what is expected there.',
    example: '/epochs: must be a number, not the text "10"',
  },
  'malformed-json': {
    status: 400,
    title: 'Malformed JSON',
    meaning:
      'The body is not valid JSON in UTF-8, repeats a field within one object, or contains __proto__ or constructor.prototype as a field name.',
    remedy: 'Send valid JSON in UTF-8 with content-type: application/json. JSON allows no trailing commas.',
    example: 'The body is not valid JSON: Unexpected end of JSON input.',
  },
  'too-deep': {
    status: 400,
    title: 'Body nested too deeply',
    meaning: 'The objects and arrays of the body are nested deeper than the limit.',
    remedy: 'Send a body with fewer levels.',
    example: 'The body is nested more than 32 levels deep.',
  },
  unauthorized: {
    status: 401,
    title: 'Missing or invalid key',
    meaning:
      'The request has no key, or its key is malformed, unknown, revoked or expired, or its stream ticket or share link is no longer valid.',
    remedy:
      'Send the header authorization: Bearer …. The operator of the service creates keys: npm run keys -- create --tenant … --scopes ….',
    example: 'The key is unknown, revoked or expired.',
  },
  forbidden: {
    status: 403,
    title: 'Missing scope',
    meaning:
      'The key is valid but does not have the scope that this endpoint requires, or a share link was used for more than its job.',
    remedy: 'Use a key with the scope that `detail` names.',
    example: 'This requires a key with the scope jobs:write.',
  },
  'foreign-origin': {
    status: 403,
    title: 'Origin not allowed',
    meaning:
      'A page of another origin sent the request, or the service has no keys and the host name of the request is not its machine’s.',
    remedy: 'Open the page that the service itself serves, or add the origin to the setting ALLOWED_ORIGINS.',
    example: 'Pages from https://example.org may not use this service; ALLOWED_ORIGINS lists those that may.',
  },
  'tenant-suspended': {
    status: 403,
    title: 'Tenant suspended',
    meaning: 'An operator suspended the tenant of the key. Its jobs wait, and nothing is deleted.',
    remedy: 'Read `detail`, which has the reason, and ask the operator of the service.',
    example: 'The tenant blue is suspended: the invoice of May is open.',
  },
  'not-found': {
    status: 404,
    title: 'Resource not found',
    meaning: 'No endpoint has this address, or the resource it names does not exist or was deleted.',
    remedy: 'Check the address and the id. Lists such as GET /jobs show what exists.',
    example: 'There is no job job_0123456789abcdef0123456789abcdef.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request timed out',
    meaning: 'The request did not arrive completely within the time limit.',
    remedy: 'Send the request again without pauses. The limit is MAXIMUM_UPLOAD_SECONDS plus ten seconds.',
    example:
      'The request was incomplete after 610 seconds (MAXIMUM_UPLOAD_SECONDS + 10), or its headers after 60 seconds.',
  },
  'job-finished': {
    status: 409,
    title: 'Job already ended',
    meaning: 'The job succeeded, failed or was cancelled, so it can no longer change.',
    remedy: 'Start a new job. Its field `from` starts it from the weights of a model.',
    example: 'The job has already ended: its status is succeeded.',
  },
  'job-active': {
    status: 409,
    title: 'Job still active',
    meaning: 'Only a job that has ended can be deleted.',
    remedy: 'Cancel the job first, or wait until it ends.',
    example: 'The job is running: cancel it first.',
  },
  'dataset-in-use': {
    status: 409,
    title: 'Dataset in use',
    meaning: 'An unfinished job trains or validates on the dataset, or the dataset is built in.',
    remedy: 'Cancel the job or wait until it ends, then delete the dataset.',
    example:
      'An unfinished job uses dataset ds_9f86d081884c7d659a2feaa0c55ad015: cancel it, or wait until it ends.',
  },
  'model-in-use': {
    status: 409,
    title: 'Model in use',
    meaning:
      'An unfinished job starts from the weights of the model, or an alias of the registry points at it. Such a model cannot be deleted, nor can its version be archived.',
    remedy: 'Cancel the job or wait until it ends, or move or delete the alias. `detail` names it.',
    example:
      'An unfinished job starts from model mdl_9f86d081884c7d659a2feaa0c55ad015: cancel it, or wait until it ends.',
  },
  'version-unavailable': {
    status: 409,
    title: 'Version not available',
    meaning:
      'An alias cannot point at this version: it is archived, its model was deleted, or there is no earlier version to return to.',
    remedy:
      'Choose another version (GET /registry/{name}/versions), or set the status of an archived one to `candidate`.',
    example: 'Version 2 of churn is archived: set its status to candidate first.',
  },
  'registry-full': {
    status: 409,
    title: 'Registry limit reached',
    meaning:
      'A limit of the registry is reached: 1,000 names of a tenant, or 20 aliases or 10,000 versions of a name.',
    remedy: 'Delete a name or alias that is no longer needed, or register the model under another name.',
    example: 'churn has 20 aliases; the limit is 20. Delete one first.',
  },
  'invalid-transition': {
    status: 409,
    title: 'Invalid state transition',
    meaning:
      'The job cannot change from its current status to the requested one. Only a paused job can be resumed.',
    remedy: 'Read the `status` of the job and request a transition that this status allows.',
    example: 'The job is queued, not paused.',
  },
  'epoch-begun': {
    status: 409,
    title: 'Epoch already begun',
    meaning: 'A change of a job was requested from an epoch on that has begun or is stored.',
    remedy:
      'Send a later `afterEpoch`, or none for the next epoch. POST /jobs/{id}/fork changes earlier epochs.',
    example:
      'A change after epoch 10 is too late: the job has stored 25 epochs, and a change can take effect after epoch 26 or later.',
  },
  'idempotency-key-in-flight': {
    status: 409,
    title: 'Idempotency-Key in use',
    meaning: 'Another request with the same Idempotency-Key is still being processed.',
    remedy:
      'Send the request again in a moment with the same key: the response is that of the first request.',
    example:
      'Another request with this Idempotency-Key is still being processed. Send this one again in a moment.',
  },
  'too-many-sweeps': {
    status: 409,
    title: 'Sweep limit reached',
    meaning: 'The tenant has the maximum number of sweeps.',
    remedy: 'Delete a finished sweep with DELETE /sweeps/{id}. Its jobs stay.',
    example: 'Sweep limit reached: 1000 of 1000. Delete one first.',
  },
  'too-many-webhooks': {
    status: 409,
    title: 'Webhook limit reached',
    meaning: 'The tenant has reached its limit of webhooks.',
    remedy:
      'Delete a webhook that is no longer needed (GET /webhooks lists them), then register the new one.',
    example: 'Webhook limit reached: 20 of 20. Delete one first.',
  },
  'too-many-share-links': {
    status: 409,
    title: 'Share link limit reached',
    meaning: 'The job has reached its limit of share links.',
    remedy:
      'Revoke a link that is no longer needed (GET /jobs/{id}/share-links lists them), then make the new one.',
    example: 'Share link limit reached: 20 of 20. Revoke one first.',
  },
  'too-many-workshops': {
    status: 409,
    title: 'Workshop limit reached',
    meaning: 'The tenant has reached its limit of workshops.',
    remedy: 'Delete a workshop that is over (GET /workshops lists them), then open the new one.',
    example: 'Workshop limit reached: 10 of 10. Delete one first.',
  },
  'workshop-full': {
    status: 409,
    title: 'Workshop is full',
    meaning: 'The workshop has reached its limit of participants.',
    remedy: 'Ask the teacher to open a second workshop.',
    example: 'The workshop has 100 of 100 participants.',
  },
  'nickname-taken': {
    status: 409,
    title: 'Nickname is taken',
    meaning: 'Another participant of the workshop has the nickname.',
    remedy: 'Choose another nickname. After a closed tab, join again under a new one.',
    example: 'Somebody in this workshop is called ada. Choose another nickname.',
  },
  'no-keys': {
    status: 409,
    title: 'Service without keys',
    meaning:
      'The request creates keys, such as those of the participants of a workshop, and the first key of a service closes it to requests without one.',
    remedy:
      'Create a key for yourself first (`npm run keys`). For a workshop, you can also start the service by `npm run workshop`.',
    example: 'This service serves requests without a key. Create a key, or start it by npm run workshop.',
  },
  'too-many-keys': {
    status: 409,
    title: 'Key limit reached',
    meaning: 'The tenant has reached its limit of live keys.',
    remedy:
      'Revoke a key that is no longer needed (GET /admin/keys?tenant=… lists them). `detail` names them.',
    example: 'Tenant blue has 2 of 2 live keys. Revoke one of key_1, key_2 first.',
  },
  'key-not-live': {
    status: 409,
    title: 'Key state conflict',
    meaning: 'The key is revoked, expired or already replaced, or, for a deletion, it is still live.',
    remedy:
      'Read `status` and `replacedBy` of the key (GET /admin/keys/{id}). Revoke a live key to delete it.',
    example: 'The key key_0123456789abcdef0123456789abcdef is revoked.',
  },
  'last-admin-key': {
    status: 409,
    title: 'Last admin key',
    meaning: 'After the request, no live key would have the scope admin, so nobody could undo it over HTTP.',
    remedy: 'Create another key with the scope admin first, or use the command `npm run keys`.',
    example:
      'The key key_0123456789abcdef0123456789abcdef is the last live one with the scope admin. Create another first.',
  },
  'tenant-active': {
    status: 409,
    title: 'Tenant still active',
    meaning: 'A tenant is deleted without a confirmation only if it is suspended and no job of it runs.',
    remedy:
      'Suspend the tenant and wait until its jobs have ended, or send its id as `confirm`, which ends them.',
    example:
      'Tenant blue is not suspended, and 2 jobs run. Suspend it first, or repeat the request with confirm=blue.',
  },
  'tenant-deleting': {
    status: 409,
    title: 'Tenant being deleted',
    meaning: 'The deletion of the tenant has begun. It cannot be changed, and gets no keys.',
    remedy: 'Wait until GET /admin/tenants/{id} answers 404. The id can be used again then.',
    example: 'Tenant blue is being deleted.',
  },
  'too-much-stored': {
    status: 409,
    title: 'Storage limit reached',
    meaning:
      'The stored data of the tenant, including what its unfinished jobs will store, would exceed its limit.',
    remedy:
      'Delete datasets, models or jobs that are no longer needed. The limit is MAXIMUM_STORED_BYTES, or the tenant’s own limit (GET /limits).',
    example: 'The stored data would be 2000000 bytes; the limit is 1000000 (MAXIMUM_STORED_BYTES).',
  },
  'precondition-failed': {
    status: 412,
    title: 'Precondition failed',
    meaning:
      'The alias is not what the request expects: if-match has an older etag, or if-none-match: * finds an alias that exists.',
    remedy:
      'Read the alias again (GET /registry/{name}/aliases/{alias}), and repeat the change with its new etag.',
    example: 'churn@current has moved: its version is 3, its etag "17", not "12".',
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    meaning: 'The body has more bytes than this endpoint accepts.',
    remedy:
      'Send fewer rows, or upload them as a dataset and name it in the job. The limit is MAXIMUM_BODY_BYTES, or MAXIMUM_MODEL_BYTES for the file of a model.',
    example: 'The body is larger than the limit of 1048576 bytes.',
  },
  'dataset-too-large': {
    status: 413,
    title: 'Dataset too large',
    meaning:
      'An upload exceeds a limit on bytes, rows, columns, the length of a line or cell, pixels, files in an archive, reading memory or reading time.',
    remedy: 'Upload less at a time. `detail` names the limit and its setting.',
    example: 'the file has 20000 columns; the limit is 10000 columns (MAXIMUM_DATASET_COLUMNS)',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported content type',
    meaning: 'This endpoint does not accept the content type or content encoding of the body.',
    remedy: 'Set content-type to one that the documentation of the endpoint lists.',
    example: 'The content type application/xml is not supported here.',
  },
  'websocket-required': {
    status: 426,
    title: 'WebSocket required',
    meaning: 'The stream of a job is a WebSocket or server-sent events, but the request accepts neither.',
    remedy: 'Connect with a WebSocket client, or send the header accept: text/event-stream.',
    example: 'Connect with a WebSocket, or accept text/event-stream.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency-Key reused',
    meaning: 'A different request with the same Idempotency-Key was answered within the last 24 hours.',
    remedy: 'Use a new key for each new request. Repeat a key only to repeat the same request.',
    example: 'This Idempotency-Key belongs to a different request.',
  },
  'invalid-spec': {
    status: 422,
    title: 'Invalid training specification',
    meaning:
      'Each field is valid, but the combination cannot be trained. Examples are shapes that do not match, a loss that does not suit the last layer, and a dataset or model that does not exist.',
    remedy: 'Read `detail`: it names the layer or field and what is allowed.',
    example: 'Layer 1 (dense) has 1 unit, but the target has 3 classes: give it 3 units.',
  },
  'invalid-dataset': {
    status: 422,
    title: 'Invalid dataset',
    meaning: 'The rows cannot be read as a table of numbers and categories.',
    remedy: 'Read `detail`: it names the line and column. Correct the file and upload it again.',
    example: 'Line 7 has 4 cells; the first line names 5 columns.',
  },
  'invalid-model': {
    status: 422,
    title: 'Invalid model file',
    meaning:
      'The file of a model cannot be imported. It is damaged, has an unsupported operator or type of numbers, or does not fit the network or names that were sent with it.',
    remedy: 'Read `detail`: it names the tensor, node or field, what was found, and what is supported.',
    example: 'The tensor "fc.weight" has the type "I8". Supported are F32, F64, F16 and BF16.',
  },
  'invalid-input': {
    status: 422,
    title: 'Invalid model input',
    meaning:
      'A row has the wrong number of values, an unknown column, or a value that the model does not accept.',
    remedy: 'Send one value for each name in the `columns` of the model (GET /models/{id}).',
    example: '/inputs/0: has 3 numbers, the model takes 4',
  },
  'not-exportable': {
    status: 422,
    title: 'Model not exportable',
    meaning:
      'The requested file format has no equivalent for a part of the model, or the model is larger than the limit of the format.',
    remedy:
      'Read `detail`: it names the layer, column or limit, and what to do. Another format may hold the model.',
    example:
      'The model has 200000000 bytes of weights; a file of the format onnx holds at most 67108864. Use format=safetensors, which has no limit.',
  },
  'model-too-large': {
    status: 422,
    title: 'Memory limit exceeded',
    meaning: 'The weights, gradients and activations of a batch need more memory than one training may use.',
    remedy:
      'Use smaller layers or a smaller batch. The limit is MAXIMUM_ARENA_BYTES, or the tenant’s own limit (GET /limits).',
    example: 'This training needs 2147483648 bytes of memory; the limit is 1073741824 (MAXIMUM_ARENA_BYTES).',
  },
  'budget-exceeded': {
    status: 422,
    title: 'Compute limit exceeded',
    meaning: 'The training needs more epochs, floating-point operations or threads than one job may use.',
    remedy:
      'Train for fewer epochs, on fewer rows, or with a smaller network. `detail` names the limit, and GET /limits lists all limits.',
    example:
      'This training needs 3.00e+16 floating-point operations; the limit is 1.00e+16 (MAXIMUM_JOB_FLOPS).',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    meaning: 'The request line and headers together exceed the limit.',
    remedy: 'Shorten the address and the headers. Long queries can be sent in the body of a POST.',
    example: 'The request line and headers exceed the limit of 16384 bytes.',
  },
  'precondition-required': {
    status: 428,
    title: 'Precondition required',
    meaning: 'A change to an existing alias must name the state of the alias that it replaces.',
    remedy: 'Send the etag of the alias in the header if-match.',
    example: 'churn@current exists: send its etag in if-match (GET /registry/churn/aliases/current).',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    meaning:
      'The tenant sent more requests within a minute than its limit, or its address sent too many invalid keys or tickets. Each API process counts separately.',
    remedy:
      'Wait for the seconds in `retry-after`. The limits are MAXIMUM_REQUESTS_PER_MINUTE, or the tenant’s own limit (GET /limits), and MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE.',
    example:
      'Too many requests within a minute; the limit is 600 (MAXIMUM_REQUESTS_PER_MINUTE). Retry in 1 s.',
  },
  'too-many-jobs': {
    status: 429,
    title: 'Queue limit reached',
    meaning: 'The tenant has reached its limit of queued and paused jobs.',
    remedy:
      'Wait until a job starts, or cancel one. The limit is MAXIMUM_QUEUED_JOBS, or the tenant’s own limit (GET /limits).',
    example: '11 jobs would be queued or paused; the limit is 10 (MAXIMUM_QUEUED_JOBS).',
  },
  'too-many-sockets': {
    status: 429,
    title: 'Stream limit reached',
    meaning:
      'The tenant has reached its limit of open streams (WebSockets and server-sent events). Each API process counts separately.',
    remedy:
      'Close a stream that is no longer needed. The limit is MAXIMUM_SOCKETS, or the tenant’s own limit (GET /limits).',
    example: '101 streams would be open; the limit is 100 (MAXIMUM_SOCKETS).',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    meaning: 'The service failed for a reason that is not in the request.',
    remedy:
      'Try again. If the error persists, send `traceId` to the operator of the service, who can find the error in the log.',
    example: 'Internal error. The trace id identifies it in the log.',
  },
  integrity: {
    status: 500,
    title: 'Damaged data',
    meaning:
      'The stored weights of the model do not match their hash, rows of the dataset are missing or damaged, an object of the object store is missing or damaged, or an exported file does not give the predictions of the service.',
    remedy:
      'Train the model or upload the dataset again, or restore the database or the object store from a backup. If only an exported file differs, report it as an error of the service. Damaged weights and rows are never used, and a file that differs is never sent.',
    example: 'The stored weights of model mdl_0123456789abcdef0123456789abcdef do not match their hash.',
  },
  unavailable: {
    status: 503,
    title: 'Service unavailable',
    meaning:
      'The database, the object store, the queue, or every worker is currently unreachable, or this process is stopping.',
    remedy: 'Try again later. GET /health/ready lists what is unreachable, except the object store.',
    example: 'Not ready: no worker is connected.',
  },
  overloaded: {
    status: 503,
    title: 'Service overloaded',
    meaning:
      'Too many such requests of this tenant, or of all tenants, are in progress, and this one waited too long for its turn, or the system has no process, memory or open file for it. Nothing was stored.',
    remedy: 'Retry after the seconds in `retry-after`, with fewer requests at a time.',
    example:
      '3 uploads are in progress, which is the limit. This one waited for 60 s. Retry later, with fewer at a time.',
  },
  'insufficient-storage': {
    status: 507,
    title: 'Insufficient storage',
    meaning:
      'The disk of the service or of its database, or the object store, is full, so nothing was stored.',
    remedy: 'Free space there, then send the request again.',
    example: 'There is no space on the disk for this upload. Nothing was stored.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems

export interface ProblemItem {
  /** JSON Pointer (RFC 6901) to the offending part of the request. */
  pointer: string
  message: string
}

/** An error that the API answers as problem+json. The client receives `detail` unchanged. */
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

/** @param reference an id, or a name with an alias or version */
export const unknownModel = (reference: string) => new Problem('not-found', `There is no model ${reference}.`)

/** For requests that wait for a part of a process that is ending. */
export const stopping = () =>
  new Problem('unavailable', 'This process of the service is stopping. Try again.')

export function keyInFlight(): Problem {
  const detail =
    'Another request with this Idempotency-Key is still being processed. Send this one again in a moment.'
  return new Problem('idempotency-key-in-flight', detail)
}

export function keyReused(): Problem {
  return new Problem('idempotency-key-reused', 'This Idempotency-Key belongs to a different request.')
}

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problems, text)
}

export const problemCodeSchema = z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]])

export const problemSchema = z.object({
  type: z.string().describe('URL of the page about this code'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: problemCodeSchema,
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
  remedy: z.string().describe('what to do about it'),
  traceId: z.string(),
})
export type ProblemBody = z.infer<typeof problemSchema>

export const problemPageSchema = z.object({
  code: problemCodeSchema,
  status: z.int(),
  title: z.string(),
  meaning: z.string().describe('what happened'),
  remedy: z.string().describe('what to do about it'),
  example: problemSchema,
})
export type ProblemPage = z.infer<typeof problemPageSchema>

export const problemPageListSchema = z.object({ object: z.literal('list'), data: z.array(problemPageSchema) })

/** The JSON Pointer of a path (RFC 6901, section 3). */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
