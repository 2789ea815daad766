/** Requests to a real store with an S3 API, and to servers that fail. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { databaseTrouble } from '../../src/store/database.js'
import { ObjectClient } from '../../src/store/object-client.js'
import { parseObjectLocation } from '../../src/store/object-location.js'
import { hasSwift, startSwift, type TestSwift } from '../support/swift.js'

const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251)
const sha256 = createHash('sha256').update(bytes).digest('hex')

/** What the client reported of each attempt. */
function clientOf(url: string, milliseconds?: number) {
  const attempts: string[] = []
  const observe = (operation: string, outcome: string) => attempts.push(`${operation} ${outcome}`)
  return { attempts, client: new ObjectClient(parseObjectLocation(url), observe, milliseconds) }
}

const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => '',
    (error: unknown) => {
      expect(databaseTrouble(error)).toBe('unavailable')
      return error instanceof Error ? error.message : ''
    },
  )

describe.skipIf(!hasSwift)('a store', () => {
  let swift: TestSwift

  beforeAll(async () => {
    swift = await startSwift()
  })

  afterAll(() => swift.stop())

  it('returns what was written, until it is deleted', async () => {
    const { client, attempts } = clientOf(await swift.newBucket({ prefix: '/a/b' }))
    await client.put('folder/key', bytes, sha256)
    expect(await client.get('folder/key')).toEqual(bytes)
    await client.delete('folder/key')
    expect(await client.get('folder/key')).toBeNull()
    await client.delete('folder/key')
    // A server that has just started may refuse the first attempt.
    expect(attempts.filter((each) => each !== 'put failure')).toEqual([
      'put success',
      'get success',
      'delete success',
      'get missing',
      'delete success',
    ])
  })

  it('lists the keys under the prefix, page by page', async () => {
    const url = await swift.newBucket()
    const { client } = clientOf(`${url}/a`)
    const keys = ['x/1', 'x/2', 'x/3', 'y/1']
    for (const key of keys) await client.put(key, bytes, sha256)
    await clientOf(url).client.put('b/x/1', bytes, sha256)
    const listed: string[] = []
    const sizes: number[] = []
    for (let next: string | null = null; ; ) {
      const page = await client.list('x/', next, 2)
      listed.push(...page.objects.map(({ key }) => key))
      sizes.push(page.objects.length)
      for (const { modified } of page.objects)
        expect(Math.abs(Date.now() - modified.getTime())).toBeLessThan(600_000)
      next = page.next
      if (next === null) break
    }
    expect(listed).toEqual(keys.slice(0, 3))
    expect(sizes).toEqual([2, 1])
  })

  it('refuses bytes that do not have their hash, and the client repeats', async () => {
    const { client, attempts } = clientOf(await swift.newBucket())
    const wrong = client.put('key', bytes, createHash('sha256').digest('hex'))
    expect(await messageOf(wrong)).toContain('answered 400 BadDigest to PUT')
    expect(attempts).toEqual(Array(3).fill('put failure'))
  })

  it('refuses a wrong secret at once, without the secret in the message', async () => {
    const { client, attempts } = clientOf(await swift.newBucket({ secret: 'wrongsecret' }))
    const message = await messageOf(client.get('key'))
    expect(message).toContain('answered 403 SignatureDoesNotMatch to GET')
    expect(message).not.toContain('wrongsecret')
    expect(attempts).toEqual(['get failure'])
  })

  it('has no bucket of that name', async () => {
    const url = (await swift.newBucket()).replace(/bucket-\d+/, 'no-bucket')
    expect(await messageOf(clientOf(url).client.get('key'))).toContain('404 NoSuchBucket')
    expect(await messageOf(clientOf(url).client.put('key', bytes, sha256))).toContain('404 NoSuchBucket')
  })
})

/** The address of a server that answers as given. */
async function serverOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `s3+http://a:b@127.0.0.1:${(server.address() as AddressInfo).port}/bucket`
}

describe('a request', () => {
  it('is repeated after errors of the server', async () => {
    let failures = 2
    const url = await serverOf((_request, response) => {
      response.statusCode = failures-- > 0 ? 503 : 200
      response.end('<Error><Code>SlowDown</Code></Error>')
    })
    const { client, attempts } = clientOf(url)
    await client.put('key', bytes, sha256)
    expect(attempts).toEqual(['put failure', 'put failure', 'put success'])
  })

  it('ends at its deadline if the server says nothing', async () => {
    const { client, attempts } = clientOf(await serverOf(() => {}), 20)
    expect(await messageOf(client.get('key'))).toContain('the deadline of 0.02 s has passed')
    expect(attempts).toHaveLength(3)
  })

  it('ends at its deadline if the answer stops', async () => {
    const url = await serverOf((_request, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('12345')
    })
    expect(await messageOf(clientOf(url, 50).client.get('key'))).toContain('deadline')
  })

  it('is repeated if the connection breaks within the answer', async () => {
    let requests = 0
    const url = await serverOf((_request, response) => {
      response.writeHead(200, { 'content-length': 10 })
      if (requests++ > 0) response.end('0123456789')
      else response.write('12345', () => response.destroy())
    })
    expect(Buffer.from((await clientOf(url).client.get('key')) ?? []).toString()).toBe('0123456789')
    expect(requests).toBe(2)
  })

  it('names the address that nobody listens at', async () => {
    const message = await messageOf(clientOf('s3+http://a:b@127.0.0.1:1/bucket').client.get('key'))
    expect(message).toContain('did not answer GET http://127.0.0.1:1/bucket/key')
  })

  it('is classified as full if the store has no space', async () => {
    const url = await serverOf((_request, response) => {
      response.statusCode = 507
      response.end()
    })
    const error = await clientOf(url)
      .client.put('key', bytes, sha256)
      .catch((reason: unknown) => reason)
    expect(databaseTrouble(error)).toBe('insufficient-storage')
  })

  it('that another kind of server answers by 404 is no missing object', async () => {
    const url = await serverOf((_request, response) => {
      response.statusCode = 404
      response.end('<html>')
    })
    expect(await messageOf(clientOf(url).client.get('key'))).toContain('answered 404 to GET')
  })
})
