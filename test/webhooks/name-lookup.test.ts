/** Names of receivers, asked of name servers over real sockets. */
import { createSocket } from 'node:dgram'
import { type LookupAddress, promises } from 'node:dns'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nameLookup } from '../../src/webhooks/name-lookup.js'

const types = { address: 1, ipv6Address: 28 }

/** A question in the wire format (RFC 1035, section 4.1.2). */
function readQuestion(query: Buffer): { name: string; type: number; bytes: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]; length !== 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), bytes: query.subarray(12, at + 5) }
}

/** Response with the code: no error with addresses of one type, or NXDOMAIN. */
function answer(query: Buffer, { code, addresses }: { code: number; addresses: number[][] }): Buffer {
  const { bytes, type } = readQuestion(query)
  const head = Buffer.from([query[0], query[1], 0x81, 0x80 | code, 0, 1, 0, addresses.length, 0, 0, 0, 0])
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, address.length, ...address]),
  )
  return Buffer.concat([head, bytes, ...records])
}

/** A name server that knows good.example and never answers for other names below hang.example. */
async function nameServer(): Promise<{ servers: string[]; unanswered: string[] }> {
  const unanswered: string[] = []
  const server = createSocket('udp4')
  onTestFinished(() => void server.close())
  server.on('message', (query, { port, address }) => {
    const { name, type } = readQuestion(query)
    if (name.endsWith('hang.example')) {
      unanswered.push(name)
      return
    }
    const isKnown = name === 'good.example'
    const known = type === types.address ? [[192, 0, 2, 7]] : [[0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 7]]
    server.send(answer(query, { code: isKnown ? 0 : 3, addresses: isKnown ? known : [] }), port, address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  return { servers: [`127.0.0.1:${server.address().port}`], unanswered }
}

function find(name: string, servers: string[], mayBeLocal = false): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    nameLookup({ mayBeLocal, servers })(name, { all: true }, (error, found) =>
      error === null ? resolve(found) : reject(error),
    )
  })
}

describe('a name', () => {
  it('has the addresses of both families', async () => {
    const { servers } = await nameServer()
    expect(await find('good.example', servers)).toEqual([
      { address: '192.0.2.7', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ])
  })

  it('is found while the servers of many other names do not answer', { timeout: 30_000 }, async () => {
    const { servers, unanswered } = await nameServer()
    let ended = 0
    const hanging = Array.from({ length: 64 }, (_, index) =>
      find(`n${index}.hang.example`, servers).catch((error) => {
        ended += 1
        throw error
      }),
    )
    const outcomes = Promise.allSettled(hanging)
    await expect.poll(() => new Set(unanswered).size).toBe(64)
    expect(await find('good.example', servers)).toHaveLength(2)
    // Also by the system, whose threads are free.
    await promises.lookup('localhost')
    expect(ended).toBe(0)
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'ETIMEOUT' } })
  })

  it('that no server knows is not looked up elsewhere, unless it may be local', async () => {
    const { servers } = await nameServer()
    await expect(find('unknown.example', servers)).rejects.toMatchObject({ syscall: 'queryA' })
    await expect(find('unknown.example.', servers, true)).rejects.toMatchObject({ syscall: 'getaddrinfo' })
  })

  it('without a domain is that of a host which the operator names', async () => {
    const found = await find('localhost', [])
    expect(found.map(({ address }) => address)).toContain('127.0.0.1')
  })
})
