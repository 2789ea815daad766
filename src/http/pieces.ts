/** Long answers: computed and written in pieces, so that the event loop and the client set the pace. */
import { Readable } from 'node:stream'
import { Slice } from '../training/slices.js'

/** Characters of one piece. */
const mostCharacters = 512 * 1024

/** The texts joined, if they fit into one piece; else a stream, between whose pieces other requests run. */
export function inPieces(texts: Iterable<string>): string | Readable {
  const iterator = texts[Symbol.iterator]()
  const slice = new Slice('background')
  const { text, isLast } = takePiece(iterator, slice)
  return isLast
    ? text
    : Readable.from(pieces(text, iterator, slice), { objectMode: false, highWaterMark: mostCharacters })
}

async function* pieces(first: string, iterator: Iterator<string>, slice: Slice): AsyncGenerator<string> {
  yield first
  for (;;) {
    await slice.pause()
    const { text, isLast } = takePiece(iterator, slice)
    if (text !== '') yield text
    if (isLast) return
  }
}

function takePiece(iterator: Iterator<string>, slice: Slice): { text: string; isLast: boolean } {
  let text = ''
  while (text.length < mostCharacters && !slice.isOver) {
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
