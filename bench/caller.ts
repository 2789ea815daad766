/** Sends requests over kept connections at little cost: bodies are made once, and answers may go unread. */
import { Agent, request } from 'node:http'

export interface Ask {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  body?: Buffer
  /** `application/json` when left out. */
  type?: string
  /** The same answer to the same key, however often it is sent. */
  idempotencyKey?: string
}

export interface Answered {
  status: number
  /** Until the last byte of the answer. */
  milliseconds: number
  text: string
}

const patienceMilliseconds = 120_000

export const json = (value: object) => Buffer.from(JSON.stringify(value))

export class Caller {
  readonly #agent = new Agent({ keepAlive: true })

  constructor(
    readonly url: string,
    /** Left out where the service is open. */
    readonly key?: string,
  ) {}

  /** Resolves with status 0 when the connection breaks or nothing comes for two minutes. */
  send(
    { method, path, body, type = 'application/json', idempotencyKey }: Ask,
    keepText = true,
  ): Promise<Answered> {
    const begin = performance.now()
    const headers: Record<string, string> = {}
    if (this.key !== undefined) headers.authorization = `Bearer ${this.key}`
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey
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
        timeout: patienceMilliseconds,
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
  async done(ask: Ask): Promise<unknown> {
    const { status, text } = await this.send(ask)
    if (status >= 200 && status < 300) return text === '' ? null : JSON.parse(text)
    throw new Error(`${ask.method} ${ask.path}: ${status} ${text.slice(0, 500)}`)
  }

  /** Breaks every connection, whatever is under way on it. */
  breakConnections(): void {
    for (const sockets of [this.#agent.sockets, this.#agent.freeSockets]) {
      for (const socket of Object.values(sockets).flatMap((each) => each ?? [])) socket.destroy()
    }
  }

  close(): void {
    this.#agent.destroy()
  }
}
