/** Detects the encoding of a text and converts it to UTF-8. */
import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { invalid } from './limits.js'

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

const pieceBytes = 1024 * 1024
const newline = 10
const carriageReturn = 13

/** The path of a file, or its bytes. */
type TextSource = string | Buffer

function readChunks(source: TextSource): AsyncIterable<Buffer> | readonly Buffer[] {
  return typeof source === 'string' ? createReadStream(source, { highWaterMark: pieceBytes }) : [source]
}

/**
 * Detects the encoding by the byte order mark. Without one it is UTF-8, or windows-1252 (a superset of
 * Latin-1) if the first non-ASCII character is not UTF-8.
 * @throws DatasetError naming the line where a UTF-8 text becomes invalid
 */
export async function detectEncoding(source: TextSource): Promise<Encoding> {
  let checked: Buffer = Buffer.alloc(0)
  let line = 1
  let seenUtf8 = false
  let first = true
  for await (const chunk of readChunks(source)) {
    const bytes = checked.length === 0 ? chunk : Buffer.concat([checked, chunk])
    if (first) {
      if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
      if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
      first = false
    }
    const whole = bytes.length - unfinishedCharacter(bytes)
    const text = bytes.subarray(0, whole)
    if (!isUtf8(text)) return notUtf8(text, line, seenUtf8)
    seenUtf8 ||= !isAscii(text)
    line += lineBreaks(text)
    checked = bytes.subarray(whole)
  }
  return checked.length === 0 ? 'utf-8' : notUtf8(checked, line, seenUtf8)
}

/** Windows-1252 if there was no UTF-8 character before the invalid byte. */
function notUtf8(bytes: Buffer, line: number, seenUtf8: boolean): Encoding {
  const fault = findInvalidByte(bytes)
  const before = bytes.subarray(0, fault)
  if (!seenUtf8 && isAscii(before)) return 'windows-1252'
  throw invalid(
    `line ${line + lineBreaks(before)} is not UTF-8 text, although the previous lines are: save the file in UTF-8`,
  )
}

/** The offset of the first character that is not UTF-8, by binary search. */
function findInvalidByte(bytes: Buffer): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = good + ((bad - good) >> 1)
    const piece = bytes.subarray(good, middle)
    const whole = middle - unfinishedCharacter(piece)
    if (whole > good && isUtf8(bytes.subarray(good, whole))) good = whole
    else if (whole > good) bad = middle
    else return good
  }
  return good
}

/** The number of trailing bytes of an incomplete UTF-8 character, 0 to 3. */
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

function lineBreaks(bytes: Buffer): number {
  let breaks = 0
  for (let index = bytes.indexOf(newline); index >= 0; index = bytes.indexOf(newline, index + 1)) breaks += 1
  if (breaks === 0) {
    for (let index = bytes.indexOf(carriageReturn); index >= 0; ) {
      breaks += 1
      index = bytes.indexOf(carriageReturn, index + 1)
    }
  }
  return breaks
}

/** Converts the text to UTF-8 without a byte order mark. */
export async function* utf8Bytes(source: TextSource, encoding: Encoding): AsyncGenerator<Buffer> {
  switch (encoding) {
    case 'utf-8':
      yield* withoutMark(readChunks(source))
      return
    case 'windows-1252':
      for await (const chunk of readChunks(source)) yield Buffer.from(windows1252Text(chunk))
      return
    case 'utf-16le':
    case 'utf-16be': {
      const decoder = new TextDecoder(encoding, { fatal: true })
      try {
        for await (const chunk of readChunks(source))
          yield Buffer.from(decoder.decode(chunk, { stream: true }))
        yield Buffer.from(decoder.decode())
      } catch (error) {
        if (error instanceof TypeError) throw invalid(`the file is not valid ${encoding.toUpperCase()} text`)
        throw error
      }
      return
    }
    default:
      encoding satisfies never
  }
}

async function* withoutMark(chunks: AsyncIterable<Buffer> | readonly Buffer[]): AsyncGenerator<Buffer> {
  let first = true
  for await (const chunk of chunks) {
    const marked = first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf
    first = false
    yield marked ? chunk.subarray(3) : chunk
  }
}

/**
 * The characters 0x80 to 0x9f of windows-1252, which differ from Latin-1 (WHATWG Encoding, index
 * windows-1252).
 */
const upperControls =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

/** Uses a table, because some releases of Node decode windows-1252 as Latin-1. */
function windows1252Text(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => upperControls[character.charCodeAt(0) - 0x80])
}
