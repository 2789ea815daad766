/** OpenStack Swift with its S3 API: an object store that verifies signatures and hashes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ObjectClient } from '../../src/store/object-client.js'
import { type ObjectLocation, parseObjectLocation } from '../../src/store/object-location.js'
import { runPython } from './python.js'
import { freePort, temporaryFolder } from './service.js'

/** Whether there is a Swift to test with. */
export const hasSwift = ((): boolean => {
  try {
    for (const name of ['proxy', 'account', 'container', 'object']) {
      execFileSync('which', [`swift-${name}-server`], { stdio: 'ignore' })
    }
    return true
  } catch {
    const packages = 'swift-proxy, swift-account, swift-container and swift-object'
    console.warn(`\n*** Object stores go UNTESTED here: install the packages ${packages}. ***\n`)
    return false
  }
})()

export interface TestSwift {
  /** OBJECT_STORE_URL of a new bucket. */
  newBucket(changes?: { secret?: string; prefix?: string }): Promise<string>
  /** Ends the process that answers requests. */
  stopProxy(): Promise<void>
  /** Starts it again at the same address. */
  startProxy(): Promise<void>
  stop(): Promise<void>
}

const user = 'test:tester'
const secret = 'testing/+secret'
const storageServers = ['account', 'container', 'object'] as const

export async function startSwift(): Promise<TestSwift> {
  const folder = temporaryFolder()
  const device = join(folder.path, 'devices', 'd1')
  mkdirSync(device, { recursive: true })
  const common = `workers = 0
user = ${userInfo().username}
swift_dir = ${folder.path}
devices = ${join(folder.path, 'devices')}
mount_check = false
fallocate_reserve = 0
disable_fallocate = true`
  const processes = new Map<string, ChildProcess>()
  const start = (name: string) => {
    const file = join(folder.path, `${name}.conf`)
    processes.set(name, spawn(`swift-${name}-server`, [file], { stdio: 'ignore' }))
  }
  const ports: Record<string, number> = {}
  for (const name of storageServers) ports[name] = await freePort()
  runPython(ringProgram, JSON.stringify(ports), folder.path)
  for (const name of storageServers) {
    writeFileSync(join(folder.path, `${name}.conf`), storageConfiguration(name, ports[name], common))
    start(name)
  }
  const port = await freePort()
  writeFileSync(join(folder.path, 'proxy.conf'), proxyConfiguration(port, common))
  let buckets = 0

  async function startProxy(): Promise<void> {
    start('proxy')
    // A request without a signature is answered by an error, as soon as there is a server.
    while (
      !(await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ))
    )
      await sleep(50)
  }

  async function end(name: string): Promise<void> {
    const child = processes.get(name)
    processes.delete(name)
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  await startProxy()
  return {
    async newBucket({ secret: given = secret, prefix = '' } = {}) {
      buckets += 1
      const keys = (text: string) => `${encodeURIComponent(user)}:${encodeURIComponent(text)}`
      const path = `127.0.0.1:${port}/bucket-${buckets}`
      await makeBucket(parseObjectLocation(`s3+http://${keys(secret)}@${path}`))
      return `s3+http://${keys(given)}@${path}${prefix}`
    },
    stopProxy: () => end('proxy'),
    startProxy,
    async stop() {
      for (const name of processes.keys()) await end(name)
      folder.remove()
    },
  }
}

/** The storage servers may not listen yet. */
async function makeBucket(location: ObjectLocation): Promise<void> {
  const client = new ObjectClient(location, () => {})
  for (;;) {
    const made = await client.put('', new Uint8Array(0), emptySha256).then(
      () => true,
      () => false,
    )
    if (made) return
    await sleep(100)
  }
}

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** The keys under the prefix, in order. */
export async function listBucket(url: string): Promise<string[]> {
  const client = new ObjectClient(parseObjectLocation(url), () => {})
  const keys: string[] = []
  for (let next: string | null = null; ; ) {
    const page = await client.list('', next)
    keys.push(...page.objects.map(({ key }) => key))
    next = page.next
    if (next === null) return keys
  }
}

/** Copies every object, as an operator does with a program. */
export async function copyBucket(from: string, to: string): Promise<void> {
  const [source, target] = [from, to].map((url) => new ObjectClient(parseObjectLocation(url), () => {}))
  const keys = (await listBucket(from)).values()
  const copySome = async () => {
    for (const key of keys) {
      const bytes = await source.get(key)
      // Deleted since it was listed.
      if (bytes === null) continue
      await target.put(key, bytes, createHash('sha256').update(bytes).digest('hex'))
    }
  }
  await Promise.all(Array.from({ length: 4 }, copySome))
}

/** Writes what swift-ring-builder would, which is nine programs that each load Swift. */
const ringProgram = `
import json, sys
from swift.common.ring import RingBuilder

for name, port in json.load(sys.stdin).items():
    builder = RingBuilder(4, 1, 1)
    place = dict(ip='127.0.0.1', port=port, replication_ip='127.0.0.1', replication_port=port)
    builder.add_dev(dict(place, region=1, zone=1, device='d1', weight=1, meta=''))
    builder.rebalance()
    builder.get_ring().save(f'{name}.ring.gz')
`

const storageConfiguration = (name: string, port: number, common: string) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
${common}
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
${name === 'object' ? '# Seconds. Later updates of a listing wait for a daemon that does not run here.\ncontainer_update_timeout = 60\n' : ''}`

const filters = ['catch_errors', 'listing_formats', 'bulk', 's3api', 'tempauth', 'slo', 'dlo'] as const

const proxyConfiguration = (port: number, common: string) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
${common}
[pipeline:main]
pipeline = ${filters[0]} cache ${filters.slice(1).join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
${filters.map((name) => `[filter:${name}]\nuse = egg:swift#${name}\n${name === 's3api' ? 'location = us-east-1\n' : ''}${name === 'tempauth' ? `user_test_tester = ${secret} .admin\n` : ''}`).join('')}`
