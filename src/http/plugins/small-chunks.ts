/**
 * Joins small chunks of bodies (RFC 9112, section 7.1). The parser makes an object of some hundred bytes for each chunk, and
 * a client may send chunks of one byte, of which a stream holds as many as bytes.
 */
import type { IncomingMessage } from 'node:http'
import fastifyPlugin from 'fastify-plugin'

/** Longer chunks are not copied. */
const smallBytes = 1_024
const joinedBytes = 4 * smallBytes

/** Register it before plugins that wait, because chunks arrive with the head of a request. */
export const joinSmallChunks = fastifyPlugin((app, _options, done) => {
  app.addHook('onRequest', ({ raw }, _reply, next) => {
    if (raw.headers['transfer-encoding'] !== undefined) joinChunks(raw)
    next()
  })
  done()
})

/** Replaces what the parser calls for each chunk. Chunks that arrived together go on together. */
function joinChunks(body: IncomingMessage): void {
  const push = body.push.bind(body)
  let joined: Buffer | undefined
  let used = 0
  const flush = () => {
    if (joined === undefined || used === 0) return
    const bytes = Buffer.from(joined.subarray(0, used))
    used = 0
    push(bytes)
  }
  body.push = (chunk: Buffer | null) => {
    if (chunk === null || chunk.length >= smallBytes) {
      flush()
      return push(chunk)
    }
    if (used + chunk.length > joinedBytes) flush()
    // Later than the next tick, which comes after each chunk.
    if (used === 0) setImmediate(flush)
    joined ??= Buffer.allocUnsafeSlow(joinedBytes)
    joined.set(chunk, used)
    used += chunk.length
    return body.readableLength + used < body.readableHighWaterMark
  }
}
