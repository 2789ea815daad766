/** A stream's WebSocket: what it is closed with, how it is kept alive, and how much may wait in it. */
import type { WebSocket } from 'ws'
import { epochsProtocol } from '../contract/stream.js'
import type { LiveMessage, Sink } from '../live/sink.js'
import type { WatchEnd } from '../live/watch.js'
import type { StreamLimits } from './event-stream.js'
import { sending } from './pace.js'
import { asText, type SentMessage, withEpochFrames } from './stream-message.js'

/** Code (RFC 6455, section 7.4; 1012: service restart) and reason for each way a watch stops. */
export const closings: Record<WatchEnd | 'refused', [number, string]> = {
  refused: [1008, 'the key was revoked or has expired'],
  ended: [1000, 'end'],
  deleted: [1008, 'the job is gone'],
  gone: [1000, 'gone'],
  closing: [1012, 'the service stops; connect again'],
}

/** Of those that a client offers; other ones are for what lies between. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(epochsProtocol)) return epochsProtocol
  const [first] = offered
  return first ?? false
}

/** A reader that has not answered one ping when the next is due is gone, though nobody said so. */
export function keepAlive(socket: WebSocket, pingMilliseconds: number): void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, pingMilliseconds)
  socket.once('close', () => clearInterval(timer))
}

/** While `maximumBufferedBytes` wait, nothing is written; the message that did it comes on top. */
export class SocketSink implements Sink {
  readonly #written: (message: LiveMessage) => SentMessage
  #full: Promise<void> | undefined

  /** @param textOf a message as JSON; epochs are sent so unless the client took the binary subprotocol */
  constructor(
    private readonly socket: WebSocket,
    textOf: (message: LiveMessage) => Buffer,
    private readonly limits: Pick<StreamLimits, 'maximumBufferedBytes' | 'readyBytes'>,
  ) {
    const isBinary = socket.protocol === epochsProtocol
    this.#written = isBinary ? withEpochFrames(textOf) : (message) => asText(textOf(message))
  }

  isReady(): boolean {
    return this.socket.bufferedAmount < this.limits.readyBytes
  }

  async send(message: LiveMessage): Promise<void> {
    await this.write(() => this.#written(message))
  }

  /** `make` is called when the message's turn has come. */
  async write(make: () => SentMessage): Promise<void> {
    do await this.#full
    while (!(await sending.run(() => this.#write(make))))
    await this.#full
  }

  /** False when something else has filled the buffer meanwhile. */
  #write(make: () => SentMessage): boolean {
    if (this.#full !== undefined) return false
    if (this.socket.readyState !== this.socket.OPEN) return true
    const { data, binary } = make()
    if (this.socket.bufferedAmount + data.length <= this.limits.maximumBufferedBytes) {
      this.socket.send(data, { binary })
      return true
    }
    // The callback comes when the bytes have left for the system, so waiting for it empties the buffer.
    this.#full = new Promise<void>((resolve) => {
      this.socket.send(data, { binary }, () => resolve())
    }).then(() => {
      this.#full = undefined
    })
    return true
  }
}
