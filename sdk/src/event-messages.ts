/** The messages of one response with server-sent events. */
import { ConnectionError } from './errors.js'
import { type Connection, mostSilence } from './socket-messages.js'

/**
 * Ends with the response. The reader takes bytes only when it needs them.
 * @throws ConnectionError if it is cut or silent
 */
export async function* eventMessages(
  response: Response,
  { signal, opened }: Connection,
): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return
  opened()
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await readInTime(reader, signal)
      if (done) return
      const events = (rest + decoder.decode(value, { stream: true })).split('\n\n')
      // An event that was cut is sent again on the next connection.
      rest = events.pop() ?? ''
      for (const event of events) {
        const data = event.split('\n').flatMap((line) => (line.startsWith('data: ') ? line.slice(6) : []))
        if (data.length > 0) yield data.join('\n')
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** Comments arrive every 20 s, so a longer silence means a lost connection. */
async function readInTime(reader: Reader, signal: AbortSignal | undefined): ReturnType<Reader['read']> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = () => {}
  const interruption = new Promise<never>((_, reject) => {
    const error = new ConnectionError(`The stream sent nothing for ${mostSilence / 1_000} s.`)
    timer = setTimeout(() => reject(error), mostSilence)
    abort = () => reject(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
  })
  try {
    signal?.throwIfAborted()
    return await Promise.race([reader.read(), interruption])
  } catch (cause) {
    signal?.throwIfAborted()
    throw cause instanceof ConnectionError ? cause : new ConnectionError('The stream was cut.', { cause })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
