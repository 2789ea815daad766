/** Redis with sentinels, as a cluster, with TLS, and servers that are refused. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consume, openQueue } from '../../src/queue/queue.js'
import { hasRedis, startRedis, startRedisServer } from '../support/redis.js'
import { eventually, freePort, temporaryFolder } from '../support/service.js'
import { upTo } from '../support/watching.js'

const folder = temporaryFolder()
const servers: ChildProcess[] = []

afterAll(async () => {
  for (const server of servers) {
    if (server.exitCode !== null || server.signalCode !== null) continue
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }
  folder.remove()
})

/** Errors of Redis during a failover are ignored. A wake-up that is not delivered fails the test. */
const onError = () => {}

/** A queue and a worker at the address. */
async function openBoth(url: string) {
  const queue = await openQueue(url, onError)
  let woken = 0
  const consumer = await consume(url, { concurrency: 4, work: async () => void woken++, onError })
  return {
    queue,
    /** Sends a wake-up until one succeeds, and waits for the delivery. */
    async deliver(): Promise<void> {
      const before = woken
      await eventually(() =>
        queue.wake().then(
          () => true,
          () => undefined,
        ),
      )
      await eventually(() => woken > before || undefined)
    },
    async close() {
      await consumer.close()
      await queue.close()
    },
  }
}

const cli = (port: number, ...command: string[]) =>
  spawnSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' }).stdout.trim()

describe.skipIf(!hasRedis)('a Redis with a sentinel', () => {
  it('is found by its name, and its replica after it dies', async () => {
    const [master, replica, sentinel] = [await freePort(), await freePort(), await freePort()]
    const place = ['--dir', folder.path]
    const first = await startRedisServer(master, place)
    servers.push(
      first,
      await startRedisServer(replica, [...place, '--replicaof', '127.0.0.1', String(master)]),
    )
    const file = join(folder.path, 'sentinel.conf')
    writeFileSync(
      file,
      [
        `port ${sentinel}`,
        'bind 127.0.0.1',
        `sentinel monitor descent 127.0.0.1 ${master} 1`,
        'sentinel down-after-milliseconds descent 500',
        'sentinel failover-timeout descent 5000',
      ].join('\n'),
    )
    servers.push(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }))
    // The sentinel polls its master for replicas every ten seconds only; this makes it poll at once.
    await eventually(() =>
      cli(replica, 'info', 'replication').includes('master_link_status:up') ? 1 : undefined,
    )
    await eventually(() =>
      cli(sentinel, 'sentinel', 'replicas', 'descent').includes(String(replica)) ? 1 : undefined,
    )

    const both = await openBoth(`redis+sentinel://127.0.0.1:${sentinel}/descent`)
    await both.deliver()
    first.kill('SIGKILL')
    await eventually(() => (cli(replica, 'role').startsWith('master') ? true : undefined))
    await both.deliver()
    expect(cli(replica, 'dbsize')).not.toBe('0')
    await both.close()
  }, 60_000)
})

describe.skipIf(!hasRedis)('a Redis cluster', () => {
  const ports: number[] = []

  beforeAll(async () => {
    while (ports.length < 3) {
      const port = await freePort()
      // The port of its bus is 10,000 higher.
      if (port > 55_000) continue
      const file = join(folder.path, `nodes-${port}.conf`)
      servers.push(await startRedisServer(port, ['--cluster-enabled', 'yes', '--cluster-config-file', file]))
      ports.push(port)
    }
    const addresses = ports.map((port) => `127.0.0.1:${port}`)
    execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
    while (!ports.every((port) => cli(port, 'cluster', 'info').includes('cluster_state:ok'))) await sleep(50)
  }, 60_000)

  it('holds the whole queue in one slot', async () => {
    // One of its servers is enough to find it.
    const both = await openBoth(`redis+cluster://127.0.0.1:1,127.0.0.1:${ports[1]}`)
    for (const _ of upTo(20)) await both.deliver()
    expect(await both.queue.workers()).toBe(1)
    const sizes = ports.map((port) => Number(cli(port, 'dbsize')))
    expect(sizes.filter((size) => size > 0)).toHaveLength(1)
    await both.close()
  }, 60_000)

  it('is refused when one of its servers may evict keys', async () => {
    cli(ports[2], 'config', 'set', 'maxmemory-policy', 'volatile-lru')
    const opening = openQueue(`redis+cluster://127.0.0.1:${ports[0]}`, onError)
    await expect(opening).rejects.toThrow('volatile-lru')
    cli(ports[2], 'config', 'set', 'maxmemory-policy', 'noeviction')
  }, 60_000)
})

describe.skipIf(!hasRedis)('a Redis with TLS', () => {
  it('is trusted only with a valid certificate', async () => {
    const [key, certificate] = [join(folder.path, 'key.pem'), join(folder.path, 'certificate.pem')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-keyout',
        key,
        '-out',
        certificate,
        ...names,
      ],
      { stdio: 'ignore' },
    )
    const port = await freePort()
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
    servers.push(
      await startRedisServer(0, ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files]),
    )
    const script = fileURLToPath(new URL('round-trip.ts', import.meta.url))
    const roundTrip = (environment: Record<string, string>) =>
      spawnSync(process.execPath, ['--import', 'tsx', script, `rediss://127.0.0.1:${port}`], {
        encoding: 'utf8',
        env: { ...process.env, ...environment },
      })
    const trusting = roundTrip({ NODE_EXTRA_CA_CERTS: certificate })
    expect(trusting.stdout, trusting.stderr).toBe('woken\n')
    expect(trusting.status).toBe(0)
    const doubting = roundTrip({ NODE_EXTRA_CA_CERTS: '' })
    expect(doubting.stderr).toContain('self-signed certificate')
    expect(doubting.stdout).toBe('')
    expect(doubting.status).not.toBe(0)
  }, 60_000)
})

describe.skipIf(!hasRedis)('a Redis that may evict keys', () => {
  it.each(['allkeys-lru', 'volatile-ttl'])('(%s) is refused by name', async (policy) => {
    const { url, stop } = await startRedis(['--maxmemory-policy', policy])
    await expect(openQueue(url, onError)).rejects.toThrow(`maxmemory-policy ${policy}`)
    await stop()
  })
})
