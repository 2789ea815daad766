/** Guards in front of the CSV parser: size, line length, and that the bytes are UTF-8 text at all. */
import { isUtf8 } from 'node:buffer'
import { DatasetError } from './table.js'

const newline = 10
const carriageReturn = 13

/**
 * Passes the chunks on unchanged.
 * @throws DatasetError at the first chunk that exceeds the bytes allowed in all or in one line, or that holds a
 *   zero byte or bytes that are not UTF-8; a character may lie across chunks
 */
export async function* checkedBytes(
  source: AsyncIterable<Uint8Array>,
  { maximumBytes, maximumLineBytes }: { maximumBytes: number; maximumLineBytes: number },
): AsyncGenerator<Uint8Array> {
  let total = 0
  let line = 1
  let lineBytes = 0
  let previousByte = 0
  let pending: Uint8Array = new Uint8Array(0)
  for await (const chunk of source) {
    total += chunk.length
    if (total > maximumBytes)
      throw tooLarge(`the file is larger than ${maximumBytes} bytes, the most allowed`)
    const text = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const complete = text.length - unfinishedCharacter(text)
    if (!isUtf8(text.subarray(0, complete))) throw notUtf8(line + linesBeforeFault(text, previousByte))
    for (const byte of chunk) {
      if (byte === 0) throw invalid(`line ${line} holds a zero byte: this is not a text file`)
      if (byte === newline || byte === carriageReturn) {
        if (byte === carriageReturn || previousByte !== carriageReturn) line += 1
        lineBytes = 0
      } else {
        lineBytes += 1
        if (lineBytes > maximumLineBytes) {
          throw tooLarge(`line ${line} is longer than ${maximumLineBytes} bytes, the most allowed`)
        }
      }
      previousByte = byte
    }
    pending = text.slice(complete)
    yield chunk
  }
  if (pending.length > 0) throw notUtf8(line)
}

/** Bytes at the end that begin a UTF-8 character without finishing it: 0 to 3. */
function unfinishedCharacter(text: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, text.length); back++) {
    const byte = text[text.length - back]
    if (byte >= 0b1100_0000) {
      const needed = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : 2
      return needed > back ? back : 0
    }
    if (byte < 0b1000_0000) return 0
  }
  return 0
}

/** Line breaks before the first line that is not UTF-8; no break can lie within a character. */
function linesBeforeFault(text: Uint8Array, byteBefore: number): number {
  let lines = 0
  let start = 0
  for (let place = 0; place < text.length; place++) {
    const afterReturn = (place === 0 ? byteBefore : text[place - 1]) === carriageReturn
    if (text[place] !== carriageReturn && (text[place] !== newline || afterReturn)) continue
    if (!isUtf8(text.subarray(start, place))) return lines
    lines += 1
    start = place + 1
  }
  return lines
}

const notUtf8 = (line: number) => invalid(`line ${line} is not UTF-8 text: save the file with UTF-8 encoding`)
const invalid = (message: string) => new DatasetError('invalid-dataset', message)
const tooLarge = (message: string) => new DatasetError('dataset-too-large', message)
