/** A sliding window on text, which reads complete lines from chunks that end anywhere. */
import { isAscii } from 'node:buffer'
import type { ReadingLimits } from './limits.js'
import { limitExceeded } from './limits.js'

export interface TextWindow {
  /** The bytes not consumed yet. */
  bytes: Buffer
  isEnd: boolean
  isAscii: boolean
}

/**
 * Calls `use` with each window. It returns the number of bytes consumed and its result. The other bytes are
 * part of the next window.
 * @throws DatasetError when a line exceeds the limit
 */
export async function* readWindows<T>(
  chunks: AsyncIterable<Buffer>,
  limits: ReadingLimits,
  nextLine: () => number,
  use: (window: TextWindow) => { used: number; result: T },
): AsyncGenerator<T> {
  let rest: Buffer = Buffer.alloc(0)
  const take = (bytes: Buffer, isEnd: boolean): T => {
    const { used, result } = use({ bytes, isEnd, isAscii: isAscii(bytes) })
    // A copy, so that a few bytes do not keep a chunk in memory.
    rest = Buffer.from(bytes.subarray(used))
    if (rest.length > limits.lineBytes) {
      throw limitExceeded(
        limits,
        'lineBytes',
        `line ${nextLine()} starts a row of more than ${limits.lineBytes} bytes (a closing quote may be missing)`,
      )
    }
    return result
  }
  for await (const chunk of chunks)
    yield take(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), false)
  yield take(rest, true)
}
