/** A POST to an address of a user. Follows no redirect, and reads only the status of the response. */
import http from 'node:http'
import https from 'node:https'
import { checkedLookup, checkLiteral } from './address.js'
import { nameLookup, type ResolveName } from './name-lookup.js'

export interface PostOptions {
  allowPrivate: boolean
  /** Aborts the request. */
  signal: AbortSignal
  /** Replaces the DNS resolver in tests. */
  resolve?: ResolveName
}

/** Resolves with the status of the response; rejects if there is none. */
export async function post(
  address: string,
  headers: Record<string, string>,
  body: string,
  { allowPrivate, signal, resolve = nameLookup({ mayBeLocal: allowPrivate }) }: PostOptions,
): Promise<number> {
  const url = new URL(address)
  if (!allowPrivate) checkLiteral(url)
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolveStatus, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // A new connection, because the address of a reused one was checked for another delivery.
      agent: false,
      signal,
      lookup: checkedLookup(resolve, allowPrivate),
    })
    outgoing.on('response', (response) => {
      resolveStatus(response.statusCode ?? 0)
      response.destroy()
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
