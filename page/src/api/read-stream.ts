/** Reads a stream of the service into callbacks. */
import { type ConnectionState, DescentError, type StreamOptions } from '../../../sdk/src/index.js'

/** `rejected`: the key may not watch, or what was watched is deleted. */
export type Connection = ConnectionState | 'ended' | 'rejected'

interface Reader<Message> {
  message(message: Message): void
  connection(state: Connection): void
}

/** Reads until the stream ends or the returned function is called. Nothing is called after that. */
export function readStream<Message>(
  open: (options: StreamOptions & { signal: AbortSignal }) => AsyncIterable<Message>,
  reader: Reader<Message>,
): () => void {
  const controller = new AbortController()
  const { signal } = controller
  const connection = (state: Connection) => {
    if (!signal.aborted) reader.connection(state)
  }
  const read = async () => {
    try {
      for await (const message of open({ signal, onConnection: connection })) {
        if (signal.aborted) return
        reader.message(message)
      }
      connection('ended')
    } catch (error) {
      if (signal.aborted) return
      connection('rejected')
      if (!(error instanceof DescentError)) throw error
    }
  }
  void read()
  return () => controller.abort()
}
