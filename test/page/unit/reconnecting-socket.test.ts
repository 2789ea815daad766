/** When the page connects again, after how long, and when never. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../../../page/src/api/client.js'
import { setKey } from '../../../page/src/api/key.js'
import { type Connection, openReconnectingSocket } from '../../../page/src/api/reconnecting-socket.js'
import { fakeSockets } from './fake-socket.js'

afterEach(() => setKey(''))

async function open(ticket: () => Promise<string> = async () => 'none') {
  const sockets = fakeSockets()
  const states: Connection[] = []
  const messages: unknown[] = []
  const opened = vi.fn()
  let position = 0
  const socket = openReconnectingSocket({
    path: '/jobs/job_1/stream',
    query: () => ({ after: String(position) }),
    protocols: ['descent.epochs'],
    ticket,
    opened,
    message: (data) => messages.push(data),
    connection: (state) => states.push(state),
  })
  await vi.advanceTimersByTimeAsync(0)
  const moveTo = (epoch: number) => {
    position = epoch
  }
  return { sockets, states, messages, opened, socket, moveTo }
}

const longest = 5_000
const aMinute = () => vi.advanceTimersByTimeAsync(60_000)

describe('a connection', () => {
  it('goes to the service of the page, with protocols and the position', async () => {
    const { sockets, states } = await open()
    expect(sockets.map(({ address }) => address)).toEqual(['wss://descent.example/jobs/job_1/stream?after=0'])
    expect(sockets[0].protocols).toEqual(['descent.epochs'])
    expect(sockets[0].binaryType).toBe('arraybuffer')
    expect(states).toEqual(['connecting'])
  })

  it('is live from its first message, and can be sent to while it is open', async () => {
    const { sockets, states, messages, opened, socket } = await open()
    expect(socket.isOpen).toBe(false)
    sockets[0].accept()
    expect(opened).toHaveBeenCalledTimes(1)
    expect(socket.isOpen).toBe(true)
    expect(states).toEqual(['connecting'])
    sockets[0].receive({ type: 'job' })
    expect(states).toEqual(['connecting', 'live'])
    expect(messages).toEqual(['{"type":"job"}'])
    socket.send({ type: 'watch' })
    expect(sockets[0].sent).toEqual([{ type: 'watch' }])
    sockets[0].end(1006)
    expect(socket.isOpen).toBe(false)
  })
})

describe('a connection that is closed', () => {
  it('with 1008 is final', async () => {
    const { sockets, states } = await open()
    sockets[0].accept()
    sockets[0].receive({ type: 'job' })
    sockets[0].end(1008)
    expect(states).toEqual(['connecting', 'live', 'rejected'])
    await aMinute()
    expect(sockets).toHaveLength(1)
    expect(states).toHaveLength(3)
  })

  it('with 1008 is final also before it was open, and after others were lost', async () => {
    const { sockets, states } = await open()
    sockets[0].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    sockets[1].end(1008)
    expect(states).toEqual(['connecting', 'reconnecting', 'rejected'])
    await aMinute()
    expect(sockets).toHaveLength(2)
  })

  it.each([
    1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 4000,
  ])('with %i is opened again, from the position reached', async (code) => {
    const { sockets, states, moveTo } = await open()
    sockets[0].receive({ type: 'epochs' })
    moveTo(17)
    sockets[0].end(code)
    expect(states).toEqual(['connecting', 'live', 'reconnecting'])
    await vi.advanceTimersByTimeAsync(249)
    expect(sockets).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(sockets).toHaveLength(2)
    expect(sockets[1].query).toEqual({ after: '17' })
  })

  it('again and again is opened after twice the time, 5 s at most', async () => {
    const { sockets } = await open()
    for (const delay of [250, 500, 1_000, 2_000, 4_000, longest, longest]) {
      const count = sockets.length
      sockets[count - 1].end(1006)
      await vi.advanceTimersByTimeAsync(delay - 1)
      expect(sockets, `${delay} ms`).toHaveLength(count)
      await vi.advanceTimersByTimeAsync(1)
      expect(sockets, `${delay} ms`).toHaveLength(count + 1)
    }
  })

  it('reconnects soon after a message, not after the opening alone', async () => {
    const { sockets } = await open()
    sockets[0].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    sockets[1].accept()
    sockets[1].end(1006)
    await vi.advanceTimersByTimeAsync(499)
    expect(sockets).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    sockets[2].receive({ type: 'job' })
    sockets[2].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    expect(sockets).toHaveLength(4)
  })

  it('by the page stays closed, without another word', async () => {
    const { sockets, states, socket } = await open()
    sockets[0].receive({ type: 'job' })
    socket.close()
    await aMinute()
    expect(sockets).toHaveLength(1)
    expect(states).toEqual(['connecting', 'live'])
  })

  it('by the page while it waits to reconnect stays closed', async () => {
    const { sockets, socket } = await open()
    sockets[0].end(1006)
    socket.close()
    await aMinute()
    expect(sockets).toHaveLength(1)
  })
})

describe('with a key', () => {
  it('each connection has a new ticket, and no address contains the key', async () => {
    setKey('descent_secret')
    let count = 0
    const { sockets } = await open(async () => `ticket-${++count}`)
    sockets[0].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    expect(sockets.map(({ query }) => query.ticket)).toEqual(['ticket-1', 'ticket-2'])
    expect(sockets.some(({ address }) => address.includes('secret'))).toBe(false)
  })

  it('a connection that is closed while its ticket comes is never opened', async () => {
    setKey('descent_secret')
    let give = (_: string) => {}
    const { sockets, states, socket } = await open(
      () =>
        new Promise((resolve) => {
          give = resolve
        }),
    )
    socket.close()
    give('late')
    await aMinute()
    expect(sockets).toEqual([])
    expect(states).toEqual(['connecting'])
  })

  it.each([401, 403, 404])('a ticket refused with %i is final', async (status) => {
    setKey('descent_secret')
    const ticket = vi.fn().mockRejectedValue(new ApiError(status, 'any', 'no'))
    const { sockets, states } = await open(ticket)
    await aMinute()
    expect(states).toEqual(['connecting', 'rejected'])
    expect(ticket).toHaveBeenCalledTimes(1)
    expect(sockets).toEqual([])
  })

  it.each([0, 400, 429, 500, 503])('requests another ticket after a refusal with %i', async (status) => {
    setKey('descent_secret')
    const ticket = vi.fn().mockResolvedValue('second')
    ticket.mockRejectedValueOnce(new ApiError(status, 'any', 'later'))
    const { sockets, states } = await open(ticket)
    expect(states).toEqual(['connecting', 'reconnecting'])
    await vi.advanceTimersByTimeAsync(250)
    expect(sockets.map(({ query }) => query.ticket)).toEqual(['second'])
  })

  it('a ticket refused after the page closed the connection changes nothing', async () => {
    setKey('descent_secret')
    let refuse = (_: Error) => {}
    const { states, socket } = await open(
      () =>
        new Promise((_, reject) => {
          refuse = reject
        }),
    )
    socket.close()
    refuse(new ApiError(404, 'not-found', 'gone'))
    await aMinute()
    expect(states).toEqual(['connecting'])
  })
})
