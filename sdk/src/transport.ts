/** Sends requests, and repeats those that failed for the moment if a repetition can do no harm. */
import { delayBefore, sleep } from './backoff.js'
import { ConnectionError, type DescentError, TimeoutError } from './errors.js'
import { readError } from './read-error.js'
import { isMomentary, isNotFound, isRefusal, isRepeatable, retryAfter, takesKey } from './repetition.js'
import type { Answer, CallOptions, Route } from './routes.js'
import type { SocketConstructor } from './socket-messages.js'

export interface ClientOptions {
  /** Address of the service. Default: the origin of the page, or http://127.0.0.1:3000 outside of browsers. */
  url?: string
  /** API key, or a function that returns the present one. */
  key?: string | (() => string | undefined)
  /** Milliseconds for each attempt. Default: 60,000, and 660,000 for uploads. */
  timeout?: number
  /** The most repetitions of a request that failed for the moment. Default: 5. */
  retries?: number
  /** Called before a request is repeated, with the reason. */
  onRetry?: (error: DescentError) => void
  /** Ends all calls and streams of the client. */
  signal?: AbortSignal
  /** Milliseconds without any connection after which a stream gives up. Default: 600,000. */
  streamPatience?: number
  /** Sends the requests. Default: the global one. */
  fetch?: typeof fetch
  /** Default: the global one. Without one, or with null, streams are server-sent events. */
  WebSocket?: SocketConstructor | null
}

/** A request. The values of `path` fill the places of the route. */
export interface Call extends CallOptions {
  path?: object
  query?: object
  /** Sent as JSON, except a `Blob` or a form. */
  body?: unknown
  /** Makes the body of each attempt, instead of `body`. */
  makeBody?: () => RequestInit['body']
  /** Sends an attempt instead of `fetch`. */
  fetch?: typeof fetch
}

const defaultTimeout = 60_000
const defaultRetries = 5
const defaultPatience = 600_000

/** Reads an answer. A cut connection while it reads is like a cut before the answer. */
type Read<T> = (response: Response) => Promise<T> | T

async function readJson(response: Response) {
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}

export class Transport {
  readonly url: string
  readonly streamPatience: number
  readonly options: ClientOptions

  constructor(options: ClientOptions) {
    const page = Reflect.get(globalThis, 'location') as { origin: string } | undefined
    const url = options.url ?? page?.origin ?? 'http://127.0.0.1:3000'
    this.url = url.replace(/\/+$/, '')
    this.streamPatience = options.streamPatience ?? defaultPatience
    this.options = options
  }

  /** The global one may be replaced after the client was made, such as in tests. */
  get WebSocket(): SocketConstructor | null {
    const { WebSocket } = this.options
    return WebSocket === undefined ? (globalThis.WebSocket ?? null) : WebSocket
  }

  key(): string | undefined {
    const { key } = this.options
    return typeof key === 'function' ? key() : key
  }

  /** Aborted with the given signal, and with that of the client. */
  signalWith(given: AbortSignal | undefined): AbortSignal | undefined {
    const { signal } = this.options
    return signal === undefined || given === undefined ? (signal ?? given) : AbortSignal.any([signal, given])
  }

  /** Sends a request and returns the JSON of the answer. */
  json<R extends Route>(route: R, call: Call): Promise<Answer<R>> {
    return this.#send<Answer<R>>(route, call, readJson)
  }

  /** Sends a request and returns the response, of any type, when its headers have arrived. */
  response(route: Route, call: Call): Promise<Response> {
    const headers = { accept: '*/*', ...call.headers }
    return this.#send(route, { ...call, headers }, (response) => response)
  }

  /**
   * Sends a request and reads the answer.
   * @throws ApiError, ConnectionError, TimeoutError, or the reason of the signal
   */
  async #send<T>(route: Route, call: Call, read: Read<T>): Promise<T> {
    const isSafe = isRepeatable(route)
    const retries = call.retries ?? this.options.retries ?? defaultRetries
    const prepared = { ...call, headers: this.#headers(route, call), signal: this.signalWith(call.signal) }
    const onRetry = call.onRetry ?? this.options.onRetry
    let mayBeDone = false
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(route, prepared, read)
      if ('value' in outcome) return outcome.value
      const { error } = outcome
      if (mayBeDone && route.startsWith('DELETE ') && isNotFound(error)) return read(new Response())
      mayBeDone ||= !isRefusal(error)
      const delay = isMomentary(error, isSafe) ? delayBefore(attempt, retryAfter(error)) : undefined
      if (delay === undefined || attempt > retries) throw error
      onRetry?.(error)
      await sleep(delay, prepared.signal)
    }
  }

  async #attempt<T>(
    route: Route,
    call: Call,
    read: Read<T>,
  ): Promise<{ value: T } | { error: DescentError }> {
    const milliseconds = call.timeout ?? this.options.timeout ?? defaultTimeout
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), milliseconds)
    const send = call.fetch ?? this.options.fetch ?? fetch
    try {
      const response = await send(this.url + fillPath(route, call), {
        method: route.slice(0, route.indexOf(' ')),
        headers: call.headers,
        signal: call.signal === undefined ? late.signal : AbortSignal.any([call.signal, late.signal]),
        ...bodyOf(call),
      })
      return response.ok ? { value: await read(response) } : { error: await readError(response) }
    } catch (cause) {
      call.signal?.throwIfAborted()
      const error = late.signal.aborted
        ? new TimeoutError(`${route} had no complete answer within ${milliseconds} ms.`)
        : new ConnectionError(`${route} had no complete answer from ${this.url}: ${reasonOf(cause)}.`, {
            cause,
          })
      return { error }
    } finally {
      clearTimeout(timer)
    }
  }

  #headers(route: Route, { headers, idempotencyKey, body }: Call): Record<string, string> {
    const key = this.key()
    return {
      accept: 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(takesKey(route) ? { 'idempotency-key': idempotencyKey ?? randomText() } : {}),
      ...(isJson(body) ? { 'content-type': 'application/json' } : {}),
      ...headers,
    }
  }
}

const isJson = (body: unknown) => body !== undefined && !(body instanceof Blob) && !(body instanceof FormData)

function bodyOf({ body, makeBody }: Call): RequestInit {
  // A body that is sent while it is read needs `duplex`, which not all types of `fetch` know.
  if (makeBody !== undefined) return { body: makeBody(), duplex: 'half' } as RequestInit
  if (body === undefined) return {}
  return { body: body instanceof Blob || body instanceof FormData ? body : JSON.stringify(body) }
}

/** The path of a route with its values, and the query. A list in the query repeats its name. */
function fillPath(route: Route, { path = {}, query = {} }: Call): string {
  const values = new Map<string, unknown>(Object.entries(path))
  const filled = route
    .slice(route.indexOf(' ') + 1)
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values.get(name))))
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, String(each)]),
  )
  return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs)}`
}

/** 128 random bits. `crypto.randomUUID` exists in secure contexts only, which a page in a local network is not. */
function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** `fetch` has the reason in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
