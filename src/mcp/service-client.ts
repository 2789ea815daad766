/** Calls a service over the network. */
import { type Ask, encodeBody } from './service.js'

/** @param key undefined for a service that is open */
export function askOver(url: string, key: string | undefined): Ask {
  const authorization: Record<string, string> =
    key === undefined || key === '' ? {} : { authorization: `Bearer ${key}` }
  return async ({ method, path, body }, signal) => {
    const { headers, payload } = encodeBody(body)
    const request = { method, signal, headers: { ...authorization, ...headers } }
    const response = await fetch(new URL(path, url), {
      ...request,
      ...(payload !== undefined && { body: new Uint8Array(payload) }),
    }).catch((error: unknown) => {
      throw new Error(`The service at ${url} does not answer: start it, or set DESCENT_URL.`, {
        cause: error,
      })
    })
    const [type] = (response.headers.get('content-type') ?? '').split(';')
    return { status: response.status, type, bytes: Buffer.from(await response.arrayBuffer()) }
  }
}
