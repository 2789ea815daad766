/** Reads bodies into memory. */
import { errorCodes, type FastifyRequest } from 'fastify'
import { ByteCollector } from '../base/byte-collector.js'

type Payload = FastifyRequest['raw']

/**
 * A parser of a content type that takes the whole body. Replaces the option `parseAs: 'buffer'` of Fastify, which keeps the
 * pieces of a body as they arrive.
 */
export const wholeBody =
  (parse: (request: FastifyRequest, body: Buffer) => unknown) =>
  async (request: FastifyRequest, payload: Payload): Promise<unknown> =>
    parse(request, await readBody(request, payload))

/** @throws FastifyError if the body is longer than the limit of the route, or does not have its announced length */
function readBody({ headers, routeOptions }: FastifyRequest, payload: Payload): Promise<Buffer> {
  const limit = routeOptions.bodyLimit ?? 0
  const announced = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  if (announced !== null && announced > limit) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()
  const body = new ByteCollector(announced ?? undefined)
  return new Promise((resolve, reject) => {
    const stop = () => {
      payload.off('data', add).off('end', end).off('error', fail)
    }
    const fail = (error: unknown) => {
      stop()
      reject(asClientError(error))
    }
    const add = (piece: Buffer) => {
      if (body.length + piece.length > limit) fail(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
      else body.add(piece)
    }
    const end = () => {
      if (announced !== null && body.length !== announced)
        return fail(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH())
      stop()
      resolve(body.take())
    }
    payload.on('data', add).on('end', end).on('error', fail)
  })
}

/** The client causes the errors of its connection. */
function asClientError(error: unknown): unknown {
  return error instanceof Error && !('statusCode' in error)
    ? Object.assign(error, { statusCode: 400 })
    : error
}
