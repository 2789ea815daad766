/** Long response bodies: generated and sent in chunks, at the speed of the client, or serialized in slices. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { inSlices, Slice } from '../training/slices.js'

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

/**
 * Serializes an object with long lists as JSON in slices, and sends it as one text, so that hooks see all of it. Does not
 * restrict it to a schema.
 */
export async function sendInSlices(reply: FastifyReply, value: object): Promise<FastifyReply> {
  const text = await inSlices(joined(jsonFragments(value)), 'request')
  return reply.type('application/json; charset=utf-8').send(text)
}

function* joined(texts: Iterable<string>): Generator<void, string> {
  const all: string[] = []
  for (const text of texts) {
    all.push(text)
    yield
  }
  return all.join('')
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
  for (const [index, item] of list.entries()) {
    const comma = index === 0 ? '' : ','
    if (hasLongList(item)) {
      yield comma
      yield* jsonFragments(item)
    } else yield `${comma}${JSON.stringify(item) ?? 'null'}`
  }
  yield ']'
}

/** Items of longer lists are serialized separately. */
const maximumListLength = 64

function hasLongList(item: unknown): item is object {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return false
  return Object.values(item).some((value) => Array.isArray(value) && value.length > maximumListLength)
}
