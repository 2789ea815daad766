/** Where a request comes from, as far as that can be believed. */
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** Proxies whose `x-forwarded-for` is believed: addresses, or networks like `10.0.0.0/8`. Throws for what is neither. */
export function readNetworks(texts: readonly string[]): [ipaddr.IPv4 | ipaddr.IPv6, number][] {
  return texts.map((text) =>
    text.includes('/')
      ? ipaddr.parseCIDR(text)
      : ipaddr.parseCIDR(`${text}/${text.includes(':') ? 128 : 32}`),
  )
}

type Networks = ReturnType<typeof readNetworks>

function isIn(networks: Networks, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}

/**
 * The nearest address that is no trusted proxy's: each of these says last whom it was asked by. Of IPv6 the first half,
 * since whoever has one such address has 2⁶⁴ of them.
 */
export function clientAddress({ socket, headers }: FastifyRequest, trustedProxies: Networks): string {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  let said: string | undefined = socket.remoteAddress
  let nearest = 'unknown'
  while (said !== undefined && ipaddr.isValid(said.trim())) {
    const address = ipaddr.process(said.trim())
    nearest = networkOf(address)
    if (!isIn(trustedProxies, address)) break
    said = forwarded.pop()
  }
  return nearest
}

function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address instanceof ipaddr.IPv4) return address.toString()
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
