/** A moving window on text, so that whole lines are read from chunks that end anywhere. */
import { isAscii } from 'node:buffer'
import type { ReadingLimits } from './limits.js'
import { beyond } from './limits.js'

export interface TextWindow {
  /** What is not used up yet. */
  bytes: Buffer
  isEnd: boolean
  isAscii: boolean
}

/**
 * Gives each window to `use`, which says how many of its bytes it used up and what it made of them; the rest comes
 * again with more behind it.
 * @throws DatasetError when nothing can be used although the window is longer than a line may be; `nextLine` says where
 */
export async function* overWindows<T>(
  chunks: AsyncIterable<Buffer>,
  limits: ReadingLimits,
  nextLine: () => number,
  use: (window: TextWindow) => { used: number; made: T },
): AsyncGenerator<T> {
  let rest: Buffer = Buffer.alloc(0)
  const take = (bytes: Buffer, isEnd: boolean): T => {
    const { used, made } = use({ bytes, isEnd, isAscii: isAscii(bytes) })
    // A copy, so that a few bytes do not keep a whole chunk.
    rest = Buffer.from(bytes.subarray(used))
    if (rest.length > limits.lineBytes) {
      throw beyond(
        limits,
        'lineBytes',
        `line ${nextLine()} begins a row of more than ${limits.lineBytes} bytes; perhaps a quote was not closed`,
      )
    }
    return made
  }
  for await (const chunk of chunks)
    yield take(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), false)
  yield take(rest, true)
}
