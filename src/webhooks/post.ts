/** One POST to an address that a user gave: no redirect is followed, no answer is read beyond its status. */
import http from 'node:http'
import https from 'node:https'
import { checkLiteral, publicLookup } from './address.js'

export interface PostOptions {
  allowPrivate: boolean
  /** Ends the attempt. */
  signal: AbortSignal
  /** Replaces the resolver of names. */
  resolve?: Parameters<typeof publicLookup>[0]
}

/** Resolves with the answer's status; throws for whatever kept an answer from coming. */
export async function post(
  address: string,
  headers: Record<string, string>,
  body: string,
  { allowPrivate, signal, resolve }: PostOptions,
): Promise<number> {
  const url = new URL(address)
  if (!allowPrivate) checkLiteral(url)
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((answered, failed) => {
    const outgoing = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // A new connection, because the address of an open one was checked for another delivery.
      agent: false,
      signal,
      ...(allowPrivate ? {} : { lookup: publicLookup(resolve) }),
    })
    outgoing.on('response', (response) => {
      answered(response.statusCode ?? 0)
      response.destroy()
    })
    outgoing.on('error', failed)
    outgoing.end(body)
  })
}
