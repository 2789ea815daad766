/** Text of a file, or in memory, as UTF-8 bytes, whatever its encoding was. */
import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { invalid } from './limits.js'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

const pieceBytes = 1024 * 1024
const newline = 10
const carriageReturn = 13

/** The path of a file, or its bytes. */
export type TextSource = string | Buffer

function chunksOf(source: TextSource): AsyncIterable<Buffer> | readonly Buffer[] {
  return typeof source === 'string' ? createReadStream(source, { highWaterMark: pieceBytes }) : [source]
}

/**
 * The file's encoding: by its byte order mark; without one UTF-8, or windows-1252 (which holds Latin-1) when already
 * the first character that is not ASCII is not UTF-8.
 * @throws DatasetError naming the line where a file that began as UTF-8 goes on otherwise
 */
export async function detectEncoding(source: TextSource): Promise<Encoding> {
  let checked: Buffer = Buffer.alloc(0)
  let line = 1
  let seenUtf8 = false
  let first = true
  for await (const chunk of chunksOf(source)) {
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

/** Windows-1252 when nothing before the fault was a UTF-8 character. */
function notUtf8(bytes: Buffer, line: number, seenUtf8: boolean): Encoding {
  const fault = faultOf(bytes)
  const before = bytes.subarray(0, fault)
  if (!seenUtf8 && isAscii(before)) return 'windows-1252'
  throw invalid(
    `line ${line + lineBreaks(before)} is not UTF-8 text, though the lines before it are: save the file with UTF-8 encoding`,
  )
}

/** Where the first character begins that is not UTF-8, by halving. */
function faultOf(bytes: Buffer): number {
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

function lineBreaks(bytes: Buffer): number {
  let breaks = 0
  for (let place = bytes.indexOf(newline); place >= 0; place = bytes.indexOf(newline, place + 1)) breaks += 1
  if (breaks === 0) {
    for (let place = bytes.indexOf(carriageReturn); place >= 0; ) {
      breaks += 1
      place = bytes.indexOf(carriageReturn, place + 1)
    }
  }
  return breaks
}

/** The file's bytes as UTF-8, without a byte order mark. */
export async function* utf8Bytes(source: TextSource, encoding: Encoding): AsyncGenerator<Buffer> {
  switch (encoding) {
    case 'utf-8':
      yield* withoutMark(chunksOf(source))
      return
    case 'windows-1252':
      for await (const chunk of chunksOf(source)) yield Buffer.from(windows1252Text(chunk))
      return
    case 'utf-16le':
    case 'utf-16be': {
      const decoder = new TextDecoder(encoding, { fatal: true })
      try {
        for await (const chunk of chunksOf(source)) yield Buffer.from(decoder.decode(chunk, { stream: true }))
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

/** The characters of bytes 0x80 to 0x9f, in which windows-1252 and Latin-1 differ (WHATWG Encoding, index windows-1252). */
const upperControls =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

/** By our own table: some releases of Node decode this encoding as plain Latin-1. */
function windows1252Text(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => upperControls[character.charCodeAt(0) - 0x80])
}
