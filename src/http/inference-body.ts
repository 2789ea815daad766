/** Bodies of inference requests: JSON, followed by the binary data of tensors if a header says how long the JSON is. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { BodyThread } from '../bodies/body-thread.js'
import { Problem } from '../contract/problems.js'
import type { BinaryData } from '../training/inference/read-request.js'
import { encodingProblem, parseJsonBody } from './json-body-parser.js'
import { wholeBody } from './read-body.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** What follows the JSON of the body; null without the header. */
    binaryData: BinaryData | null
  }
}

export const jsonLengthHeader = 'inference-header-content-length'

/** For the routes of `app`. Clients of the protocol send any content type, or none. */
export function parseInferenceBodies(app: FastifyInstance, thread: () => BodyThread): void {
  app.decorateRequest('binaryData', null)
  app.removeAllContentTypeParsers()
  const parse = wholeBody(async (request, body) => {
    const problem = encodingProblem(request)
    if (problem !== null) throw problem
    const length = readJsonLength(request, body.length)
    if (length === null) return parseJsonBody(thread(), request, body)
    request.binaryData = { bytes: body.subarray(length), isRaw: length === 0 }
    // A copy, because a message to the thread would contain the memory of the whole body.
    return length === 0
      ? { inputs: [] }
      : parseJsonBody(thread(), request, Buffer.from(body.subarray(0, length)))
  })
  app.addContentTypeParser('*', parse)
}

function readJsonLength({ headers }: FastifyRequest, total: number): number | null {
  const text = headers[jsonLengthHeader]
  if (text === undefined) return null
  const length = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (length <= total) return length
  const detail = `The header ${jsonLengthHeader} is ${text}; it must be an integer from 0 to ${total}, the bytes of the body.`
  throw new Problem('invalid-request', detail)
}
