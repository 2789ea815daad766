/** Long answers: computed and written in pieces, so that the event loop and the client set the pace. */
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Limits of one piece. */
const mostCharacters = 64 * 1024
const mostMilliseconds = 5

/** The texts joined, if they fit into one piece; else a stream, between whose pieces other requests run. */
export function inPieces(texts: Iterable<string>): string | Readable {
  const iterator = texts[Symbol.iterator]()
  const { text, isLast } = takePiece(iterator)
  return isLast
    ? text
    : Readable.from(pieces(text, iterator), { objectMode: false, highWaterMark: mostCharacters })
}

async function* pieces(first: string, iterator: Iterator<string>): AsyncGenerator<string> {
  yield first
  for (;;) {
    await nextTurn()
    const { text, isLast } = takePiece(iterator)
    if (text !== '') yield text
    if (isLast) return
  }
}

function takePiece(iterator: Iterator<string>): { text: string; isLast: boolean } {
  const end = performance.now() + mostMilliseconds
  let text = ''
  while (text.length < mostCharacters && performance.now() < end) {
    const { done, value } = iterator.next()
    if (done === true) return { text, isLast: true }
    text += value
  }
  return { text, isLast: false }
}

/** The JSON of an object with long lists, an item at a time. */
export function* jsonTexts(object: object): Generator<string> {
  let separator = '{'
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    yield `${separator}${JSON.stringify(name)}:`
    if (Array.isArray(value)) yield* listTexts(value)
    else yield JSON.stringify(value)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}

function* listTexts(list: readonly unknown[]): Generator<string> {
  yield '['
  for (const [place, item] of list.entries())
    yield `${place === 0 ? '' : ','}${JSON.stringify(item) ?? 'null'}`
  yield ']'
}
