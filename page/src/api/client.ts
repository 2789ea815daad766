/** Calls the public API. Types come from the service's OpenAPI document. */
import type { paths } from '../../../sdk/src/generated/api.js'
import { currentKey } from './key.js'
import type { Preview, RequestBody, Success } from './types.js'

/** An error response of the service (application/problem+json), or status 0 when the service is unreachable. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: { pointer: string; message: string }[] = [],
    /** Names the kind of problem; empty if the service did not respond. */
    readonly title = '',
  ) {
    super(message)
  }
}

interface Options {
  /** Parameters of the path. */
  epoch?: number
  id?: string
  link?: string
  name?: string
  version?: number
  alias?: string
  query?: Record<string, string | number | readonly string[] | undefined>
  /** Preconditions of a change. */
  match?: { 'if-match': string } | { 'if-none-match': '*' }
  /** Aborts when the response is no longer needed. */
  signal?: AbortSignal
  /** Of a share link, sent instead of the key. */
  token?: string | undefined
}

export async function get<Path extends keyof paths>(
  path: Path,
  options: Options = {},
): Promise<Success<paths[Path] extends { get: infer Operation } ? Operation : never>> {
  return send('GET', urlFor(path, options), { signal: options.signal, token: options.token })
}

export async function post<Path extends keyof paths>(
  path: Path,
  body: RequestBody<paths[Path] extends { post: infer Operation } ? Operation : never> | undefined,
  options: Options = {},
): Promise<Success<paths[Path] extends { post: infer Operation } ? Operation : never>> {
  return send('POST', urlFor(path, options), toContent(body, options))
}

export async function put<Path extends keyof paths>(
  path: Path,
  body: RequestBody<paths[Path] extends { put: infer Operation } ? Operation : never>,
  options: Options,
): Promise<Success<paths[Path] extends { put: infer Operation } ? Operation : never>> {
  return send('PUT', urlFor(path, options), toContent(body, options))
}

export async function patch<Path extends keyof paths>(
  path: Path,
  body: RequestBody<paths[Path] extends { patch: infer Operation } ? Operation : never>,
  options: Options,
): Promise<Success<paths[Path] extends { patch: infer Operation } ? Operation : never>> {
  return send('PATCH', urlFor(path, options), toContent(body, options))
}

/** Sends a PNG or JPEG file to a model that takes images. */
export async function predictImage(
  id: string,
  file: File,
): Promise<Success<paths['/models/{id}/predict']['post']>> {
  const headers = { 'content-type': file.type }
  return send('POST', urlFor('/models/{id}/predict', { id }), { body: file, headers })
}

/** Downloads a file. A plain link could not send the key. */
export async function getFile(
  path: '/models/{id}/weights' | '/models/{id}/export' | '/workshops/{id}/runs.csv',
  options: Options,
): Promise<Blob> {
  return (await request('GET', urlFor(path, options))).blob()
}

export async function remove(
  path:
    | '/jobs/{id}'
    | '/jobs/{id}/share-links/{link}'
    | '/models/{id}'
    | '/registry/{name}'
    | '/registry/{name}/aliases/{alias}'
    | '/sweeps/{id}'
    | '/workshops/{id}',
  options: Options,
): Promise<void> {
  await send<null>('DELETE', urlFor(path, options), toContent(undefined, options))
}

/** Creates a dataset from one file or several related files. */
export async function upload(
  files: readonly File[],
  query: Options['query'],
): Promise<Success<paths['/datasets']['post']>> {
  return sendFiles('/datasets', files, query)
}

/** Returns the dataset that `upload` would create. Stores nothing. */
export async function preview(
  files: readonly File[],
  query: Options['query'],
  signal: AbortSignal,
): Promise<Preview> {
  return sendFiles('/datasets/preview', files, query, signal)
}

function sendFiles<T>(
  path: '/datasets' | '/datasets/preview',
  files: readonly File[],
  query: Options['query'],
  signal?: AbortSignal,
): Promise<T> {
  const body = new FormData()
  for (const file of files) body.append('file', file)
  return send('POST', urlFor(path, { query }), { body, signal })
}

function urlFor(
  path: string,
  { query = {}, match: _match, signal: _signal, token: _token, ...parameters }: Options,
): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => [name, String(each)]),
  )
  const text = new URLSearchParams(pairs).toString()
  const values: Readonly<Record<string, string | number | undefined>> = parameters
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(values[name] ?? '')),
  )
  return filled + (text === '' ? '' : `?${text}`)
}

interface Content {
  headers?: Record<string, string>
  body?: BodyInit
  signal?: AbortSignal
  token?: string | undefined
}

function toContent(body: unknown, { match, token }: Options): Content {
  if (body === undefined) return { headers: { ...match }, token }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...match }, token }
}

async function send<T>(method: string, url: string, { headers = {}, ...rest }: Content = {}): Promise<T> {
  const response = await request(method, url, {
    headers: { accept: 'application/json', ...headers },
    ...rest,
  })
  const text = await response.text()
  return JSON.parse(text === '' ? 'null' : text)
}

/** @throws ApiError unless the response status is 2xx. */
async function request(
  method: string,
  url: string,
  { headers = {}, token, ...rest }: Content = {},
): Promise<Response> {
  const key = token ?? currentKey()
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  let response: Response
  try {
    response = await fetch(url, {
      method,
      ...rest,
      headers: { ...headers, ...authorization },
    })
  } catch {
    throw unreachable()
  }
  if (!response.ok) throw parseError(response.status, await response.text())
  return response
}

export function unreachable(): ApiError {
  const message = 'The service does not respond. It may be restarting. This page keeps retrying.'
  return new ApiError(0, 'unreachable', message)
}

/** The problem in the body of an error response. */
export function parseError(status: number, text: string): ApiError {
  try {
    const { code, detail, errors, title } = JSON.parse(text)
    return new ApiError(status, code, detail, errors, title)
  } catch {
    return new ApiError(status, 'unknown', `The service responded with status ${status}.`)
  }
}
