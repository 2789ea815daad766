/** Many small jobs whose webhooks have no receiver that answers. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { json } from '../http-client.js'
import type { Attack } from './attack.js'
import { training } from './fixtures.js'

const webhooks = 10

interface Receivers {
  urls: readonly string[]
  close(): void
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Accepts connections and does not answer. */
async function openSilent(): Promise<Receivers> {
  const held = new Set<Socket>()
  const receiver = createServer((socket) => {
    held.add(socket)
    socket.on('error', () => {})
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  return {
    urls: upTo(webhooks).map((n) => `http://127.0.0.1:${address.port}/${n}`),
    close() {
      for (const socket of held) socket.destroy()
      receiver.close()
    },
  }
}

/** No name server knows names of this domain (RFC 6761, section 6.4). */
const unresolved: Receivers = {
  urls: upTo(webhooks).map((n) => `http://receiver-${n}.invalid/`),
  close: () => {},
}

/** Completes many small jobs, and sends each webhook tests and repeated deliveries. */
const deliver =
  (open: () => Promise<Receivers>): Attack['prepare'] =>
  async ({ client }) => {
    const { urls, close } = await open()
    const paths: string[] = []
    for (const url of urls) {
      const body = json({ url })
      const made = JSON.stringify(await client.sendOk({ method: 'POST', path: '/webhooks', body }))
      paths.push(`/webhooks/${/"id":"([^"]+)"/.exec(made)?.[1]}`)
    }
    const jobs = Array.from({ length: 100 }, () => training([1], {}))
    const batch = json({ jobs })
    return {
      round: async (lane) => {
        await client.send({ method: 'POST', path: '/jobs/batch', body: batch }, false)
        const path = paths[lane % paths.length]
        const { text } = await client.send({ method: 'GET', path }, false)
        const delivery = /"id":"(msg_[^"]+)"/.exec(text)?.[1]
        const posts = ['test', 'rotate-secret', 'enable', `deliveries/${delivery}/redeliver`]
        for (const what of posts) {
          const body = what === 'rotate-secret' ? { body: json({}) } : {}
          await client.send({ method: 'POST', path: `${path}/${what}`, ...body }, false)
        }
      },
      end: async () => {
        for (const path of paths) await client.send({ method: 'DELETE', path })
        close()
      },
    }
  }

const routes = [
  'POST /webhooks',
  'GET /webhooks/{id}',
  'POST /webhooks/{id}/test',
  'POST /webhooks/{id}/rotate-secret',
  'POST /webhooks/{id}/enable',
  'POST /webhooks/{id}/deliveries/{deliveryId}/redeliver',
  'DELETE /webhooks/{id}',
]

export const webhookAttacks: Readonly<Record<string, Attack>> = {
  webhooks: { routes, lanes: 4, prepare: deliver(openSilent) },
  'unresolved webhooks': { routes, lanes: 4, prepare: deliver(async () => unresolved) },
}
