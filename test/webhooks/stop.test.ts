/** A process that stops at any moment of a webhook's delivery leaves it to be sent at once by the next. */
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { register } from '../../src/training/webhooks.js'
import type { DeliveryStore } from '../../src/webhooks/delivery-store.js'
import { type Sender, type SenderOptions, sendDeliveries } from '../../src/webhooks/sender.js'
import { byTest } from '../support/actor.js'
import { type Gate, gate } from '../support/gate.js'
import { eventually } from '../support/service.js'
import { openStores, type Stores, startJob } from '../support/stores.js'

let stores: Stores
let tenants = 0

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

async function listening(server: net.Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}/hook`
}

/** A receiver whose raw connections `onConnection` handles, until `accepts` is set. */
async function receiver(onConnection: (socket: net.Socket) => void) {
  const state = { accepts: false, connections: 0, delivered: 0 }
  const accepting = http.createServer((incoming, answer) => {
    incoming.resume().on('end', () => {
      state.delivered++
      answer.writeHead(204).end()
    })
  })
  const url = await listening(
    net.createServer((socket) => {
      socket.on('error', () => {})
      onTestFinished(() => void socket.destroy())
      state.connections++
      if (state.accepts) accepting.emit('connection', socket)
      else onConnection(socket)
    }),
  )
  const accept = () => {
    state.accepts = true
  }
  return { url, state, accept }
}

async function file(url: string) {
  const tenantId = `tenant_${++tenants}`
  const { id } = await register(stores.webhooks, tenantId, { url, events: ['job.cancelled'] }, byTest)
  const { jobId } = await startJob(stores, 'worker_a', { tenantId })
  await stores.jobs.of(tenantId).cancel(jobId)
  return stores.database.webhookDelivery.findFirstOrThrow({ where: { webhookId: id } })
}

const options: SenderOptions = {
  allowPrivate: true,
  limits: { attempts: 16, perTenant: 4, perWebhook: 1 },
  onError: (error) => {
    throw error
  },
  onDisabled: () => {},
}

function open(webhooks: Pick<DeliveryStore, 'claim' | 'record'> = stores.webhooks, changes = {}): Sender {
  const sender = sendDeliveries(webhooks, { ...options, ...changes })
  onTestFinished(() => sender.stop())
  return sender
}

interface Phase {
  /** Begins a delivery, and resolves within the phase with its id, what stops the sender, and what lets the phase end. */
  enter(): Promise<{ id: string; sender: Sender; accept(): void; leave?: Gate; delivered(): number }>
}

const onConnection = (handle: (socket: net.Socket) => void): Phase => ({
  async enter() {
    const { url, state, accept } = await receiver(handle)
    const { id } = await file(url)
    const sender = open()
    await eventually(() => (state.connections > 0 ? true : undefined))
    return { id, sender, accept, delivered: () => state.delivered }
  },
})

const phases: Readonly<Record<string, Phase>> = {
  'after the claim, before the attempt': {
    async enter() {
      const { url, state, accept } = await receiver(() => {})
      const { id } = await file(url)
      const claimed = gate()
      const leave = gate()
      const sender = open({
        async claim(...given) {
          const due = await stores.webhooks.claim(...given)
          claimed.open()
          await leave.passed
          return due
        },
        record: stores.webhooks.record,
      })
      await claimed.passed
      return {
        id,
        sender,
        leave,
        accept,
        delivered: () => state.delivered,
      }
    },
  },
  'while its name is resolved': {
    async enter() {
      const { url, state, accept } = await receiver(() => {})
      const { id } = await file(url.replace('127.0.0.1', 'localhost'))
      const asked = gate()
      const sender = open(stores.webhooks, { allowPrivate: false, resolve: () => asked.open() })
      await asked.passed
      return { id, sender, accept, delivered: () => state.delivered }
    },
  },
  'while the receiver reads nothing': onConnection((socket) => void socket.pause()),
  'while the receiver has the request and thinks': onConnection((socket) => void socket.resume()),
  'in the middle of the status line': onConnection((socket) => void socket.write('HTTP/1.1 2')),
  'in the middle of the headers': onConnection(
    (socket) => void socket.write('HTTP/1.1 204 No Content\r\ndate: '),
  ),
}

it('a sender claims no more than its limits allow', async () => {
  const rooms: number[] = []
  const leave = gate()
  const due = {
    ...{ id: 'msg_1', webhookId: 'wh_1', event: 'job.failed', url: 'http://127.0.0.1', body: '{}' },
    ...{ jobId: 'job_1', tenantId: 'blue', traceId: null, spanId: null, isSampled: null },
  }
  const sender = open({
    async claim({ attempts }) {
      rooms.push(attempts)
      // Without secrets they are recorded at once.
      return rooms.length > 2 ? [] : [{ ...due, attempts: 1, attemptsBefore: 0, secrets: [] }]
    },
    async record() {
      await leave.passed
      return { disabledTenantId: null }
    },
  })
  // Before the sender stops, which waits for what it records.
  onTestFinished(() => leave.open())
  for (const claims of [1, 2, 3]) {
    await eventually(() => rooms.length >= claims || undefined)
    sender.wake()
  }
  expect(rooms.slice(0, 3)).toEqual([16, 15, 14])
})

describe('a sender that is stopped', () => {
  it.each(Object.entries(phases))('%s leaves the delivery due at once', async (_, phase) => {
    const { id, sender, accept, leave, delivered } = await phase.enter()
    const begin = Date.now()
    const stopped = sender.stop()
    leave?.open()
    await stopped
    // Not after the time of an attempt, which is 10 s.
    expect(Date.now() - begin).toBeLessThan(8_000)
    const [left] = await stores.database.$queryRaw<object[]>`
      SELECT "nextAttemptAt" <= now() AS due, "claimedUntil", "deliveredAt", attempts, "attemptsBefore"
      FROM "WebhookDelivery" WHERE id = ${id}`
    // The attempt that was cut off is none of the receiver's: the schedule begins where it was.
    expect(left).toEqual({ due: true, claimedUntil: null, deliveredAt: null, attempts: 1, attemptsBefore: 1 })
    accept()
    open()
    await eventually(async () => {
      const row = await stores.database.webhookDelivery.findUniqueOrThrow({ where: { id } })
      return row.deliveredAt ?? undefined
    })
    expect(delivered()).toBe(1)
  })

  it('while it records a success does not send again', async () => {
    const { url, accept } = await receiver(() => {})
    accept()
    const { id } = await file(url)
    const recording = gate()
    const leave = gate()
    const sender = open({
      claim: stores.webhooks.claim,
      async record(...given) {
        recording.open()
        await leave.passed
        return stores.webhooks.record(...given)
      },
    })
    await recording.passed
    const stopped = sender.stop()
    leave.open()
    await stopped
    expect(await stores.database.webhookDelivery.findUniqueOrThrow({ where: { id } })).toMatchObject({
      attempts: 1,
      lastStatus: 204,
      nextAttemptAt: null,
      claimedUntil: null,
    })
  })

  it('between two attempts keeps the time of the next', async () => {
    const { url } = await receiver(
      (socket) => void socket.end('HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n'),
    )
    const { id } = await file(url)
    const sender = open(stores.webhooks, { schedule: [600] })
    const failed = await eventually(async () => {
      const row = await stores.database.webhookDelivery.findUniqueOrThrow({ where: { id } })
      return row.lastStatus === 500 ? row : undefined
    })
    await sender.stop()
    const row = await stores.database.webhookDelivery.findUniqueOrThrow({ where: { id } })
    expect(row).toEqual(failed)
    expect(row).toMatchObject({ attempts: 1, attemptsBefore: 0, claimedUntil: null })
    expect(row.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now() + 400_000)
  })
})
