/** An HTTP client with low cost: keep-alive connections, prepared bodies, and answers that may remain unread. */
import { Agent, request } from 'node:http'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body?: Buffer
  /** Default: `application/json`. */
  type?: string
  /** Sent as Idempotency-Key. */
  idempotencyKey?: string
  ifMatch?: string
  accept?: string
}

interface HttpResponse {
  status: number
  /** Time until the last byte of the answer. */
  milliseconds: number
  text: string
}

const timeoutMilliseconds = 120_000

export const json = (value: object) => Buffer.from(JSON.stringify(value))

export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true })

  constructor(
    readonly url: string,
    /** Undefined if the service is open. */
    readonly key?: string,
  ) {}

  /** Resolves with status 0 if the connection breaks, or after two minutes without data. */
  send(
    { method, path, body, type = 'application/json', idempotencyKey, ifMatch, accept }: HttpRequest,
    keepText = true,
  ): Promise<HttpResponse> {
    const begin = performance.now()
    const headers: Record<string, string> = {}
    if (this.key !== undefined) headers.authorization = `Bearer ${this.key}`
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey
    if (ifMatch !== undefined) headers['if-match'] = ifMatch
    if (accept !== undefined) headers.accept = accept
    if (body !== undefined) {
      headers['content-type'] = type
      headers['content-length'] = String(body.length)
    }
    return new Promise((resolve) => {
      const end = (status: number, text: string) =>
        resolve({ status, text, milliseconds: performance.now() - begin })
      const sent = request(`${this.url}${path}`, {
        method,
        headers,
        agent: this.#agent,
        timeout: timeoutMilliseconds,
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer')))
      sent.on('error', (error) => end(0, error.message))
      sent.on('response', (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => {
          if (keepText) chunks.push(chunk)
        })
        answer.on('error', (error) => end(0, error.message))
        answer.on('end', () => end(answer.statusCode ?? 0, Buffer.concat(chunks).toString()))
      })
      sent.end(body)
    })
  }

  /** @throws Error with the answer unless it is a 2xx */
  async sendOk(ask: HttpRequest): Promise<unknown> {
    const { status, text } = await this.send(ask)
    if (status >= 200 && status < 300) return text === '' ? null : JSON.parse(text)
    throw new Error(`${ask.method} ${ask.path}: ${status} ${text.slice(0, 500)}`)
  }

  /** Closes every connection, including active ones. */
  breakConnections(): void {
    for (const sockets of [this.#agent.sockets, this.#agent.freeSockets]) {
      for (const socket of Object.values(sockets).flatMap((each) => each ?? [])) socket.destroy()
    }
  }

  close(): void {
    this.#agent.destroy()
  }
}
