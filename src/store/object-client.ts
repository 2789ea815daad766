/** Requests to an S3-compatible store. Each has a deadline, and is repeated after faults that may pass. */
import { setTimeout as sleep } from 'node:timers/promises'
import { withDeadline } from '../base/deadline.js'
import type { ObjectLocation } from './object-location.js'

type ObjectOperation = 'put' | 'get' | 'delete' | 'list'

/** Called after each attempt. */
export type ObserveObjectRequest = (
  operation: ObjectOperation,
  outcome: 'success' | 'missing' | 'failure',
  seconds: number,
) => void

/** The store did not execute a request, or refused it. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError'

  constructor(
    message: string,
    /** Whether the store has no space left. */
    readonly isFull = false,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

export interface ListedObjects {
  objects: { key: string; modified: Date }[]
  /** Where the next page begins; null after the last. */
  next: string | null
}

interface ObjectRequest {
  operation: ObjectOperation
  method: 'PUT' | 'GET' | 'DELETE'
  url: URL
  /** With its SHA-256, which the store compares with what arrives. */
  body?: { bytes: Uint8Array<ArrayBuffer>; sha256: string }
}

const attempts = 3
const firstPauseMilliseconds = 100
const sha256OfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export class ObjectClient {
  readonly #keys = new Map<string, ArrayBuffer>()

  constructor(
    private readonly location: ObjectLocation,
    private readonly observe: ObserveObjectRequest,
    /** Of one attempt. Enough for a chunk over a slow line. */
    private readonly milliseconds = 15_000,
  ) {}

  /** The address without keys, for messages. */
  get address(): string {
    return this.location.base.href
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
    await this.#send({ operation: 'put', method: 'PUT', url: this.#url(key), body: { bytes, sha256 } })
  }

  /** Null if there is no such object. */
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#send({ operation: 'get', method: 'GET', url: this.#url(key) })
  }

  /** Does nothing if there is no such object. */
  async delete(key: string): Promise<void> {
    await this.#send({ operation: 'delete', method: 'DELETE', url: this.#url(key) })
  }

  /** A page of at most `limit` keys that begin with `folder`, in order. */
  async list(folder: string, after: string | null, limit = 1_000): Promise<ListedObjects> {
    const [bucket, prefix] = this.#divide()
    const url = new URL(bucket)
    url.searchParams.set('list-type', '2')
    url.searchParams.set('prefix', prefix + folder)
    url.searchParams.set('max-keys', String(limit))
    if (after !== null) url.searchParams.set('continuation-token', after)
    const answer = await this.#send({ operation: 'list', method: 'GET', url })
    if (answer === null) throw new ObjectStoreError(`The object store has no bucket at ${bucket}.`)
    return parseList(Buffer.from(answer).toString(), prefix)
  }

  #url(key: string): URL {
    return new URL(key, this.location.base)
  }

  /** The address of the bucket, and the prefix in it. */
  #divide(): [URL, string] {
    const { base, isVirtual } = this.location
    const segments = base.pathname.slice(1).split('/')
    const bucket = isVirtual ? '' : (segments.shift() ?? '')
    return [new URL(`/${bucket}`, base), segments.join('/')]
  }

  /** The body of the answer, or null if there is no such object. */
  async #send(request: ObjectRequest): Promise<Uint8Array<ArrayBuffer> | null> {
    for (let attempt = 1; ; attempt++) {
      const begin = performance.now()
      const outcome = await withDeadline(this.milliseconds, (signal) => this.#attempt(request, signal)).catch(
        (error: unknown) => networkFault(request, error),
      )
      const isFault = outcome instanceof Fault
      const result = isFault ? 'failure' : outcome === null ? 'missing' : 'success'
      this.observe(request.operation, result, (performance.now() - begin) / 1_000)
      if (!isFault) return outcome
      if (!outcome.mayPass || attempt === attempts) throw outcome.error
      await sleep(firstPauseMilliseconds * 4 ** (attempt - 1) * (0.5 + Math.random()))
    }
  }

  async #attempt(
    { operation, method, url, body }: ObjectRequest,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | Fault | null> {
    // Loaded only for a store.
    const { AwsV4Signer } = await import('aws4fetch')
    const { accessKey, secretKey, region } = this.location
    const signer = new AwsV4Signer({
      ...{ method, url: url.href, region, service: 's3', cache: this.#keys },
      ...{ accessKeyId: accessKey, secretAccessKey: secretKey },
      headers: { 'x-amz-content-sha256': body?.sha256 ?? sha256OfNothing },
    })
    const { headers, url: signed } = await signer.sign()
    const answer = await fetch(signed, {
      method,
      headers,
      signal,
      body: body?.bytes ?? null,
      redirect: 'manual',
    })
    const content = new Uint8Array(await answer.arrayBuffer())
    if (answer.ok) return content
    const code = xmlValue(Buffer.from(content).toString(), 'Code')
    // A missing bucket is a fault, and so is an answer of another kind of server.
    if (answer.status === 404 && operation !== 'put' && code === 'NoSuchKey') return null
    return statusFault(method, url, answer.status, code)
  }
}

class Fault {
  constructor(
    readonly error: ObjectStoreError,
    /** Whether a repetition may succeed. */
    readonly mayPass: boolean,
  ) {}
}

const codesThatPass = ['BadDigest', 'RequestTimeout', 'SlowDown', 'XAmzContentSHA256Mismatch']

function statusFault(method: string, url: URL, status: number, code: string | null): Fault {
  const isFull = status === 507 || code === 'QuotaExceeded' || code === 'XMinioStorageFull'
  const mayPass = !isFull && (status >= 500 || status === 429 || codesThatPass.includes(code ?? ''))
  const name = code === null ? '' : ` ${code}`
  const error = new ObjectStoreError(
    `The object store answered ${status}${name} to ${method} ${url.href}.`,
    isFull,
  )
  return new Fault(error, mayPass)
}

function networkFault({ method, url }: ObjectRequest, error: unknown): Fault {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const text = reason instanceof Error && reason.message !== '' ? reason.message : String(reason)
  const message = `The object store did not answer ${method} ${url.href}: ${text}.`
  return new Fault(new ObjectStoreError(message, false, { cause: error }), true)
}

/** Keys have no characters that XML escapes. */
function parseList(xml: string, prefix: string): ListedObjects {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, entry]) => {
    const key = xmlValue(entry, 'Key')
    const modified = xmlValue(entry, 'LastModified')
    if (key === null || modified === null || !key.startsWith(prefix)) return []
    return [{ key: key.slice(prefix.length), modified: new Date(modified) }]
  })
  const token = xmlValue(xml, 'NextContinuationToken')
  return {
    objects,
    next: xmlValue(xml, 'IsTruncated') === 'true' && token !== null ? unescapeXml(token) : null,
  }
}

function xmlValue(xml: string, name: string): string | null {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? null
}

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

const unescapeXml = (text: string) =>
  text.replace(/&(\w+);/g, (entity, name: string) => entities[name] ?? entity)
