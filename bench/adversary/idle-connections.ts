/** Attacks by idle connections: streams that are not read, and webhooks whose receiver never answers. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { json } from '../http-client.js'
import type { Attack } from './attack.js'
import { training } from './fixtures.js'

const streams = 200
const webhooks = 10

/** Holds 200 unread streams of a long history, and reopens those that the service closes. */
export const holdStreams: Attack['prepare'] = async ({ client, longJobId }) => {
  const { text: sweeps } = await client.send({ method: 'GET', path: '/sweeps?limit=1' })
  const sweep = /"id":"(swp_[0-9a-f]+)"/.exec(sweeps)?.[1] ?? `swp_${'0'.repeat(32)}`
  const { hostname, port } = new URL(client.url)
  const open = new Set<Socket>()
  const head = `host: ${hostname}\r\naccept: text/event-stream\r\nauthorization: Bearer ${client.key}\r\n\r\n`
  const paths = [
    `/jobs/${longJobId}/stream?boundary=128`,
    `/jobs/${longJobId}/stream`,
    `/stream?jobs=${longJobId}`,
    `/sweeps/${sweep}/stream`,
  ]
  return {
    round: async () => {
      for (let n = open.size; n < streams; n++) {
        const socket = connect(Number(port), hostname)
        open.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => open.delete(socket))
        socket.pause()
        socket.write(`GET ${paths[n % paths.length]} HTTP/1.1\r\n${head}`)
      }
      await sleep(100)
    },
    end: async () => {
      for (const socket of open) socket.destroy()
    },
  }
}

/** Completes many small jobs with ten webhooks, whose receiver accepts connections and does not answer. */
export const hangWebhooks: Attack['prepare'] = async ({ client }) => {
  const held = new Set<Socket>()
  const receiver = createServer((socket) => {
    held.add(socket)
    socket.on('error', () => {})
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  const paths: string[] = []
  for (let n = 0; n < webhooks; n++) {
    const body = json({ url: `http://127.0.0.1:${address.port}/${n}` })
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
      for (const socket of held) socket.destroy()
      receiver.close()
    },
  }
}
