/** The HTTP API, as tools and resources call it: in the same process, or over the network. */

export interface ServiceRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** With the query. */
  path: string
  /** Sent as JSON, or as it is with its content type. */
  body?: object | { type: string; bytes: Buffer }
}

export interface ServiceAnswer {
  status: number
  /** The media type without parameters. */
  type: string
  bytes: Buffer
}

/** Sends a request with the key of the client. */
export type Ask = (request: ServiceRequest, signal: AbortSignal) => Promise<ServiceAnswer>

/** A path whose parts cannot change the route. */
export const pathOf = (parts: TemplateStringsArray, ...values: (string | number)[]): string =>
  String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)))

/** A query without the parameters that are undefined. */
export function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value))
  }
  return query.size === 0 ? '' : `?${query}`
}

export const parseAnswer = ({ bytes }: ServiceAnswer): unknown => JSON.parse(bytes.toString('utf8'))

interface EncodedBody {
  headers: Record<string, string>
  /** Undefined without a body. */
  payload: Buffer | undefined
}

export function encodeBody(body: ServiceRequest['body']): EncodedBody {
  if (body === undefined) return { headers: {}, payload: undefined }
  if (isTyped(body)) return { headers: { 'content-type': body.type }, payload: body.bytes }
  return { headers: { 'content-type': 'application/json' }, payload: Buffer.from(JSON.stringify(body)) }
}

function isTyped(body: object): body is { type: string; bytes: Buffer } {
  return 'bytes' in body && Buffer.isBuffer(body.bytes)
}
