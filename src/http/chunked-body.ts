/** Response bodies that are generated and sent in chunks, at the speed of the client. */
import { Readable } from 'node:stream'
import { Slice } from '../training/slices.js'

const chunkCharacters = 512 * 1024

/** Joins the texts if they fit into one chunk. Otherwise returns a stream that yields to the event loop between chunks. */
export function chunkedBody(texts: Iterable<string>): string | Readable {
  const iterator = texts[Symbol.iterator]()
  const slice = new Slice('background')
  const { text, isLast } = nextChunk(iterator, slice)
  return isLast
    ? text
    : Readable.from(chunks(text, iterator, slice), { objectMode: false, highWaterMark: chunkCharacters })
}

async function* chunks(first: string, iterator: Iterator<string>, slice: Slice): AsyncGenerator<string> {
  yield first
  for (;;) {
    await slice.pause()
    const { text, isLast } = nextChunk(iterator, slice)
    if (text !== '') yield text
    if (isLast) return
  }
}

function nextChunk(iterator: Iterator<string>, slice: Slice): { text: string; isLast: boolean } {
  let text = ''
  while (text.length < chunkCharacters && !slice.isOver) {
    const { done, value } = iterator.next()
    if (done === true) return { text, isLast: true }
    text += value
  }
  return { text, isLast: false }
}

/** Serializes an object with long lists as JSON, one list item at a time. */
export function* jsonFragments(object: object): Generator<string> {
  let separator = '{'
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    yield `${separator}${JSON.stringify(name)}:`
    if (Array.isArray(value)) yield* listFragments(value)
    else yield JSON.stringify(value)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}

function* listFragments(list: readonly unknown[]): Generator<string> {
  yield '['
  for (const [index, item] of list.entries())
    yield `${index === 0 ? '' : ','}${JSON.stringify(item) ?? 'null'}`
  yield ']'
}
