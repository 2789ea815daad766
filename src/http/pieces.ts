/** Long answers, written piece by piece as they are read: the event loop and the client set the pace. */
import { Readable } from 'node:stream'
import { Slice } from '../training/slices.js'

/** Of one piece. */
const mostCharacters = 64 * 1024

/** The texts as a stream; between its pieces everything else gets its turn. */
export function inPieces(texts: Iterable<string>): Readable {
  return Readable.from(piecesOf(texts), { objectMode: false, highWaterMark: mostCharacters })
}

async function* piecesOf(texts: Iterable<string>): AsyncGenerator<string> {
  let piece = ''
  const slice = new Slice()
  for (const text of texts) {
    piece += text
    if (piece.length < mostCharacters && !slice.isOver) continue
    if (piece !== '') yield piece
    piece = ''
    await slice.pause()
  }
  if (piece !== '') yield piece
}

/** The JSON of an object whose lists are long, an item at a time. */
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
