/**
 * Ends responses whose clients take nothing. Otherwise such a client holds the rest of the response, and what
 * produces it, for ever. The socket counts as active whenever the system takes some of its data.
 */
import { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

interface StalledReaderOptions {
  /** Time in which a client must take some data while data waits for it. */
  milliseconds: number
}

/** Shorter texts are handed to the system at once. */
const leastLength = 16 * 1024

export const endStalledReaders = fastifyPlugin<StalledReaderOptions>((app, { milliseconds }, done) => {
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (!isShort(payload)) watch(reply, milliseconds)
    next(null, payload)
  })
  done()
})

/** Whether the answer needs no watching. Anything but a short text may be long. */
export const isShort = (payload: unknown) =>
  payload === null || (typeof payload === 'string' && payload.length < leastLength)

function watch({ raw }: FastifyReply, milliseconds: number): void {
  const { socket } = raw
  // A request of this process itself has no connection.
  if (!(socket instanceof Socket)) return
  const onIdle = () => {
    // Without data for the client, the service is slow and not the client.
    if (socket.writableLength > 0 || raw.writableLength > 0) socket.destroy()
    else socket.setTimeout(milliseconds)
  }
  raw.setTimeout(milliseconds, onIdle)
}
