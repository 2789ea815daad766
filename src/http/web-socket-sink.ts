import type { WebSocket } from 'ws'
import { epochsProtocol } from '../contract/stream.js'
import type { LiveMessage, Sink } from '../live/sink.js'
import { socketLane } from '../training/bulk-work.js'
import { type EncodedMessage, textMessage, withBinaryEpochs } from './message-encoding.js'
import type { StreamLimits } from './stream-limits.js'

/** Writes the messages of a stream to a WebSocket, with backpressure. */
export class WebSocketSink implements Sink {
  readonly #encode: (message: LiveMessage) => EncodedMessage
  #full: Promise<void> | undefined

  /** @param encodeText encodes a message as JSON; epochs are binary if the client chose that subprotocol */
  constructor(
    private readonly socket: WebSocket,
    /** Whose turn of the bulk work a write takes. */
    private readonly tenantId: string,
    encodeText: (message: LiveMessage) => Buffer,
    private readonly limits: Pick<StreamLimits, 'maximumBufferedBytes' | 'readyBytes'>,
  ) {
    const isBinary = socket.protocol === epochsProtocol
    this.#encode = isBinary ? withBinaryEpochs(encodeText) : (message) => textMessage(encodeText(message))
  }

  isReady(): boolean {
    return this.socket.bufferedAmount < this.limits.readyBytes
  }

  async send(message: LiveMessage): Promise<void> {
    await this.write(() => this.#encode(message))
  }

  /** Calls `encode` when the scheduler runs the write. */
  async write(encode: () => EncodedMessage): Promise<void> {
    do await this.#full
    while (!(await socketLane.run(this.tenantId, () => this.#write(encode))))
    await this.#full
  }

  /** Returns false if another write filled the buffer first. */
  #write(encode: () => EncodedMessage): boolean {
    if (this.#full !== undefined) return false
    if (this.socket.readyState !== this.socket.OPEN) return true
    const { data, binary } = encode()
    if (this.socket.bufferedAmount + data.length <= this.limits.maximumBufferedBytes) {
      this.socket.send(data, { binary })
      return true
    }
    // The callback runs when the bytes are handed to the system, so the buffer is then empty.
    this.#full = new Promise<void>((resolve) => {
      this.socket.send(data, { binary }, () => resolve())
    }).then(() => {
      this.#full = undefined
    })
    return true
  }
}
