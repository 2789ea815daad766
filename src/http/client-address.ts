import proxyAddress from '@fastify/proxy-addr'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** @param proxies trusted addresses or networks such as `10.0.0.0/8`, whose `x-forwarded-for` is used */
export const compileTrust = (proxies: readonly string[]) => proxyAddress.compile([...proxies])

/**
 * Returns the nearest address that is not a trusted proxy. An IPv6 address is shortened to its /64 network, because one
 * client usually has all of it.
 */
export function clientAddress({ raw }: FastifyRequest, trust: ReturnType<typeof compileTrust>): string {
  const text = proxyAddress(raw, trust)
  if (!ipaddr.isValid(text)) return 'unknown'
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv4) return address.toString()
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
