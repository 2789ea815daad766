/**
 * Finds the addresses of a name by queries to the name servers. `dns.lookup` would wait in the few threads that all
 * lookups of the process share, so names whose servers never answer would delay those of other tenants.
 */
import { type LookupAddress, type LookupAllOptions, lookup, promises } from 'node:dns'

/** A `dns.lookup` for all addresses of a name. */
export type ResolveName = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

/** A query is repeated once, and waits twice as long then. An attempt of a delivery has 10 s. */
const queries = { timeout: 2_000, tries: 2 }

interface Names {
  /** Whether a name that no name server has may be in the hosts file or a search domain. Such queries share threads. */
  mayBeLocal: boolean
  /** Name servers in tests, instead of those of the system. */
  servers?: readonly string[]
}

export function nameLookup({ mayBeLocal, servers }: Names): ResolveName {
  return (hostname, options, callback) => {
    // Only the operator names hosts without a domain, such as `localhost`.
    if (!hostname.includes('.')) return lookup(hostname, options, callback)
    queryAddresses(hostname, servers).then(
      (found) => callback(null, found),
      (error) => (mayBeLocal && isUnknown(error) ? lookup(hostname, options, callback) : callback(error, [])),
    )
  }
}

/** @throws the error of the query for IPv4 if neither query finds an address */
async function queryAddresses(hostname: string, servers?: readonly string[]): Promise<LookupAddress[]> {
  const resolver = new promises.Resolver(queries)
  if (servers !== undefined) resolver.setServers(servers)
  const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  const found = [
    ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
    ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
  ]
  if (found.length === 0 && four.status === 'rejected') throw four.reason
  return found
}

/** Whether the name servers know no address of the name. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOTFOUND', 'ENODATA'].includes(String(error.code))
}
