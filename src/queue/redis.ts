/**
 * Connections to Redis: one server (redis://, rediss://), a master found through sentinels
 * (redis+sentinel://host:port,host:port/name), or a cluster (redis+cluster://host:port,host:port).
 */
import { Cluster, Redis } from 'ioredis'

type RedisConnection = Redis | Cluster

interface Nodes {
  nodes: { host: string; port: number }[]
  username?: string
  password?: string
  /** The path: the text after the slash. */
  rest: string
}

/** @param waits whether commands wait until a lost connection is back (workers) or fail soon (producers) */
export function openRedis(address: string, waits: boolean): RedisConnection {
  const maxRetriesPerRequest = waits ? null : 1
  if (address.startsWith('redis+sentinel://')) {
    const { nodes, rest, ...credentials } = parseNodes(address)
    return new Redis({ sentinels: nodes, name: rest || 'mymaster', ...credentials, maxRetriesPerRequest })
  }
  if (address.startsWith('redis+cluster://')) {
    const { nodes, rest, ...credentials } = parseNodes(address)
    return new Cluster(nodes, { redisOptions: { ...credentials, maxRetriesPerRequest } })
  }
  return new Redis(address, { maxRetriesPerRequest })
}

function parseNodes(address: string): Nodes {
  const match = /^[a-z+]+:\/\/(?:([^:@/]*):([^@/]*)@)?([^@/]+)\/?(.*)$/.exec(address)
  if (match === null) throw new Error(`REDIS_URL: ${address} has no host names`)
  const [, username, password, hosts, rest] = match
  const nodes = hosts.split(',').map((host) => {
    const { hostname, port } = new URL(`redis://${host}`)
    return { host: hostname, port: Number(port || 6379) }
  })
  return {
    nodes,
    rest,
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
  }
}

/**
 * Evicted keys would lose queue messages.
 * @throws Error naming the policy of a server that may evict keys
 */
export async function refuseEviction(redis: RedisConnection): Promise<void> {
  // A cluster knows its servers after its first answer.
  await redis.ping()
  const servers = redis instanceof Cluster ? redis.nodes('master') : [redis]
  for (const server of servers) {
    const policy = /maxmemory_policy:(\S+)/.exec(await server.info('memory'))?.[1]
    if (policy !== undefined && policy !== 'noeviction') {
      throw new Error(
        `The Redis server of REDIS_URL may evict keys (maxmemory-policy ${policy}). Set maxmemory-policy to noeviction.`,
      )
    }
  }
}
