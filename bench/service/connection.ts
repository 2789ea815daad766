/**
 * A keep-alive HTTP/1.1 connection that does as little as possible, so that the server is what is measured. It sends one
 * request at a time and finds the end of an answer by its content-length, or by the last chunk of one that is chunked.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

interface Answer {
  status: number
  /** Head and body as they arrived. */
  chunks: readonly Buffer[]
}

const endOfHead = Buffer.from('\r\n\r\n')
/** JSON holds no line break, so that this ends nothing but an answer in chunks. */
const lastChunk = Buffer.from('\r\n0\r\n\r\n')

const isChunked = /transfer-encoding: *chunked/i

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
  /** The last bytes of an answer in chunks; null of one with a length. */
  #tail: Buffer | null = null
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
    if (this.#expected === 0 || !this.#isWhole(chunk)) return
    const answer = { status: this.#status, chunks: this.#chunks }
    this.#chunks = []
    this.#received = 0
    this.#expected = 0
    this.#tail = null
    this.#waiting?.resolve(answer)
  }

  #isWhole(chunk: Buffer): boolean {
    if (this.#tail === null) return this.#received >= this.#expected
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-lastChunk.length)]).subarray(-lastChunk.length)
    return this.#tail.equals(lastChunk)
  }

  #readHead(): void {
    const start = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    const end = start.indexOf(endOfHead)
    if (end === -1) return
    const head = start.toString('latin1', 0, end)
    this.#status = Number(head.slice(9, 12))
    const length = /content-length: *(\d+)/i.exec(head)?.[1]
    if (isChunked.test(head)) this.#tail = Buffer.alloc(0)
    else if (length === undefined && this.#status !== 204) this.#fail(new Error('an answer without a length'))
    this.#expected = end + endOfHead.length + Number(length ?? 0)
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
  }
}

/** The bytes of a request; a body is sent as JSON. */
export function createRequest(method: 'GET' | 'POST', path: string, body?: object): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', 'connection: keep-alive']
  if (body !== undefined) {
    head.push('content-type: application/json', `content-length: ${Buffer.byteLength(text)}`)
  }
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`)
}

export function parseBody({ chunks }: Answer): unknown {
  const bytes = Buffer.concat(chunks)
  const end = bytes.indexOf(endOfHead)
  const body = bytes.subarray(end + endOfHead.length)
  const text = isChunked.test(bytes.toString('latin1', 0, end)) ? joined(body) : body
  return text.length === 0 ? null : JSON.parse(text.toString())
}

/** Of a body in chunks, each after its length in hexadecimal. */
function joined(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let index = 0; ; ) {
    const begin = body.indexOf('\r\n', index) + 2
    const length = Number.parseInt(body.toString('latin1', index, begin - 2), 16)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(body.subarray(begin, begin + length))
    index = begin + length + 2
  }
}
