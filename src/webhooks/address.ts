/**
 * Which addresses the service may be sent to by its users: those of the public internet alone. A name is checked by what
 * it resolves to, and the connection is made to the very address that was checked, so a name that resolves
 * differently a moment later changes nothing.
 */
import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress'

  constructor(address: string) {
    super(
      `the address ${address} is not a public one; private, loopback and link-local addresses are refused (WEBHOOK_ALLOW_PRIVATE)`,
    )
  }
}

const globalUnicast = ipaddr.parseCIDR('2000::/3')

/** Whether an IP address is one of the public internet: none that is private, reserved, or stands for another one. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(globalUnicast))
}

/** A `lookup` for sockets that fails with RefusedAddress unless every address of the name is public. */
export function publicLookup(resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, [])
      const refused = found.find(({ address }) => !isPublic(address))
      const [first] = found
      if (refused !== undefined) callback(new RefusedAddress(refused.address), [])
      else if (options.all === true) callback(null, found)
      else if (first !== undefined) callback(null, first.address, first.family)
    })
  }
}

/** Throws RefusedAddress for a host that is written as an address: sockets do not look those up. */
export function checkLiteral({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0 && !isPublic(address)) throw new RefusedAddress(address)
}
