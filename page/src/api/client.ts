/** Calls of the public API, typed by the service's OpenAPI document. */
import type { paths } from '../generated/api.js'
import { currentKey } from './key.js'
import type { Preview, Sent, Success } from './types.js'

/** What the service refused, in its own words (application/problem+json). */
export class Refusal extends Error {
  override readonly name = 'Refusal'

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: { pointer: string; message: string }[] = [],
  ) {
    super(message)
  }
}

interface Options {
  id?: string
  query?: Record<string, string | number | undefined>
}

export async function get<Path extends keyof paths>(
  path: Path,
  options: Options = {},
): Promise<Success<paths[Path] extends { get: infer Operation } ? Operation : never>> {
  return send('GET', address(path, options))
}

export async function post<Path extends keyof paths>(
  path: Path,
  body: Sent<paths[Path] extends { post: infer Operation } ? Operation : never> | undefined,
  options: Options = {},
): Promise<Success<paths[Path] extends { post: infer Operation } ? Operation : never>> {
  const headers = { 'content-type': 'application/json' }
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers }
  return send('POST', address(path, options), json)
}

export async function patch(
  path: '/models/{id}',
  body: Sent<paths['/models/{id}']['patch']>,
  options: Options,
): Promise<Success<paths['/models/{id}']['patch']>> {
  const headers = { 'content-type': 'application/json' }
  return send('PATCH', address(path, options), { body: JSON.stringify(body), headers })
}

/** Asks a model of pictures about a PNG or JPEG file. */
export async function predictPicture(
  id: string,
  file: File,
): Promise<Success<paths['/models/{id}/predict']['post']>> {
  const headers = { 'content-type': file.type }
  return send('POST', address('/models/{id}/predict', { id }), { body: file, headers })
}

/** For files; a link could not send the key. */
export async function getFile(path: '/models/{id}/weights', options: Options): Promise<Blob> {
  return (await ask('GET', address(path, options))).blob()
}

export async function remove(path: '/jobs/{id}' | '/models/{id}', options: Options): Promise<void> {
  await send<null>('DELETE', address(path, options))
}

/** Makes a dataset of one file, or of several that belong together. */
export async function upload(
  files: readonly File[],
  query: Options['query'],
): Promise<Success<paths['/datasets']['post']>> {
  return send('POST', address('/datasets', { query }), { body: formOf(files) })
}

/** What `upload` would make of the files; nothing is stored. */
export async function preview(
  files: readonly File[],
  query: Options['query'],
  signal: AbortSignal,
): Promise<Preview> {
  return send('POST', address('/datasets/preview', { query }), { body: formOf(files), signal })
}

function formOf(files: readonly File[]): FormData {
  const form = new FormData()
  for (const file of files) form.append('file', file)
  return form
}

export function address(path: string, { id = '', query = {} }: Options): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return path.replace('{id}', encodeURIComponent(id)) + (text === '' ? '' : `?${text}`)
}

interface Content {
  headers?: Record<string, string>
  body?: BodyInit
  signal?: AbortSignal
}

async function send<T>(method: string, url: string, { headers = {}, ...rest }: Content = {}): Promise<T> {
  const answer = await ask(method, url, { headers: { accept: 'application/json', ...headers }, ...rest })
  const text = await answer.text()
  return JSON.parse(text === '' ? 'null' : text)
}

/** Throws Refusal unless the answer is one of success. */
async function ask(method: string, url: string, { headers = {}, ...rest }: Content = {}): Promise<Response> {
  const key = currentKey()
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  let answer: Response
  try {
    answer = await fetch(url, {
      method,
      ...rest,
      headers: { ...headers, ...authorization },
    })
  } catch {
    throw new Refusal(
      0,
      'unreachable',
      'The service does not answer. It may be starting anew; this page keeps trying.',
    )
  }
  if (!answer.ok) throw refusal(answer.status, await answer.text())
  return answer
}

function refusal(status: number, text: string): Refusal {
  try {
    const { code, detail, errors } = JSON.parse(text)
    return new Refusal(status, code, detail, errors)
  } catch {
    return new Refusal(status, 'unknown', `The service answered ${status}.`)
  }
}
