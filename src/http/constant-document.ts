/** Documents that stay the same while the process runs. They are written as JSON once, because anybody may request them. */
import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { respondNotModified } from './plugins/entity-tags.js'

type SendDocument = (request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** @param create is called for the first request */
export function constantDocument(create: () => object): SendDocument {
  let written: { bytes: Buffer; tag: string } | undefined
  return (request, reply) => {
    written ??= write(create())
    if (respondNotModified(request, reply, written.tag)) return reply.send()
    return reply.type('application/json; charset=utf-8').send(written.bytes)
  }
}

function write(document: object) {
  const bytes = Buffer.from(JSON.stringify(document))
  return { bytes, tag: `"${hash('sha256', bytes, 'base64url')}"` }
}
