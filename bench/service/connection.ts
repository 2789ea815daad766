/**
 * A keep-alive HTTP/1.1 connection that does as little as possible, so that the server is what is measured. It sends one
 * request at a time and finds the end of an answer by its content-length.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  /** Head and body as they arrived. */
  chunks: readonly Buffer[]
}

const endOfHead = Buffer.from('\r\n\r\n')

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

export class Connection {
  #waiting: Waiting | undefined
  #chunks: Buffer[] = []
  #received = 0
  /** Bytes of the whole answer; 0 until its head has arrived. */
  #expected = 0
  #status = 0

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  ask(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.socket.write(request)
    })
  }

  get isClosed(): boolean {
    return this.socket.destroyed || this.socket.readableEnded
  }

  close(): void {
    this.socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#received += chunk.length
    if (this.#expected === 0) this.#readHead()
    if (this.#expected === 0 || this.#received < this.#expected) return
    const answer = { status: this.#status, chunks: this.#chunks }
    this.#chunks = []
    this.#received = 0
    this.#expected = 0
    this.#waiting?.resolve(answer)
  }

  #readHead(): void {
    const start = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    const end = start.indexOf(endOfHead)
    if (end === -1) return
    const head = start.toString('latin1', 0, end)
    this.#status = Number(head.slice(9, 12))
    const length = /content-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined && this.#status !== 204) this.#fail(new Error('an answer without a length'))
    this.#expected = end + endOfHead.length + Number(length ?? 0)
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
  }
}

/** The bytes of a request; a body is sent as JSON. */
export function requestOf(method: 'GET' | 'POST', path: string, body?: object): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', 'connection: keep-alive']
  if (body !== undefined) {
    head.push('content-type: application/json', `content-length: ${Buffer.byteLength(text)}`)
  }
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`)
}

export function bodyOf({ chunks }: Answer): unknown {
  const bytes = Buffer.concat(chunks)
  const body = bytes.subarray(bytes.indexOf(endOfHead) + endOfHead.length)
  return body.length === 0 ? null : JSON.parse(body.toString())
}
