/** Where a request comes from, as far as that can be believed. */
import proxyAddress from '@fastify/proxy-addr'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** Says of which addresses `x-forwarded-for` is believed: those given, or in networks like `10.0.0.0/8`. */
export const trustIn = (proxies: readonly string[]) => proxyAddress.compile([...proxies])

/**
 * The nearest address that is no trusted proxy's. Of IPv6 the first half, since whoever has one such address has 2⁶⁴ of
 * them.
 */
export function clientAddress({ raw }: FastifyRequest, trust: ReturnType<typeof trustIn>): string {
  const text = proxyAddress(raw, trust)
  if (!ipaddr.isValid(text)) return 'unknown'
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv4) return address.toString()
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
