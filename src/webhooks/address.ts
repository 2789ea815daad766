/**
 * Restricts requests to public addresses. The check is part of the lookup of a socket, which connects to the checked
 * address. So a name that later resolves differently cannot bypass it (DNS rebinding).
 */
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { ResolveName } from './name-lookup.js'

export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress'

  constructor(address: string) {
    super(
      `the address ${address} is not public. Private, loopback and link-local addresses need WEBHOOK_ALLOW_PRIVATE=true`,
    )
  }
}

const globalUnicast = ipaddr.parseCIDR('2000::/3')

/** Whether an IP address is public: not private, reserved, mapped or tunnelled. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(globalUnicast))
}

/** A `lookup` for sockets. Fails with RefusedAddress unless every address of the name is public, or private ones may be. */
export function checkedLookup(resolve: ResolveName, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, [])
      const refused = allowPrivate ? undefined : found.find(({ address }) => !isPublic(address))
      const [first] = found
      if (refused !== undefined) callback(new RefusedAddress(refused.address), [])
      else if (options.all === true) callback(null, found)
      else if (first !== undefined) callback(null, first.address, first.family)
    })
  }
}

/** @throws RefusedAddress if the host is a literal address that is not public. Sockets do not look up literals. */
export function checkLiteral({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0 && !isPublic(address)) throw new RefusedAddress(address)
}
