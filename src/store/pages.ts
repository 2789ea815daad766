/**
 * Lists are read newest first. A cursor is a place in that order, `<id>~<createdAt>`, so a page goes on behind an item
 * that was deleted meanwhile. The id alone of an item that exists is a cursor, too.
 */
import { Problem } from '../contract/problems.js'
import type { ListPage, Page } from '../training/ports/pages.js'

interface Position {
  id: string
  createdAt: Date
}

/** What `behind` needs of an item. */
export const placeInList = { id: true, createdAt: true } as const

export const newestFirst = [{ createdAt: 'desc' }, { id: 'desc' }] as const

/** Milliseconds since 1970 to base 36; nine digits reach the year 5188. */
const cursorPattern = /^(?<id>[^~]+)~(?<time>[0-9a-z]{1,9})$/

function cursorOf({ id, createdAt }: { id: string; createdAt: Date | string }): string {
  return `${id}~${new Date(createdAt).getTime().toString(36)}`
}

function readCursor(cursor: string): Position | null {
  const { id, time } = cursorPattern.exec(cursor)?.groups ?? {}
  return id === undefined || time === undefined
    ? null
    : { id, createdAt: new Date(Number.parseInt(time, 36)) }
}

/** The filter for what stands behind `after`. Throws Problem `invalid-request` when it is no place in the list. */
export async function behind(after: string | undefined, find: (id: string) => Promise<Position | null>) {
  if (after === undefined) return {}
  const position = readCursor(after) ?? (await find(after))
  if (position === null) throw noPlace()
  const { createdAt, id } = position
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] }
}

/** In a list that was read as a whole, oldest first: the number of the first item behind `after`. Throws the same. */
export function indexBehind(
  after: string,
  items: readonly { id: string; createdAt: Date | string }[],
): number {
  const position = readCursor(after)
  const place = items.findIndex(({ id }) => id === (position?.id ?? after))
  if (place >= 0) return place + 1
  if (position === null) throw noPlace()
  const next = items.findIndex(({ createdAt }) => new Date(createdAt) > position.createdAt)
  return next < 0 ? items.length : next
}

function noPlace(): Problem {
  return new Problem(
    'invalid-request',
    'The cursor does not belong to this list: pass the lastId of a page.',
    [{ pointer: '/after', message: 'is neither the lastId of a page nor the id of an item in this list' }],
  )
}

/** What the rows of a page may weigh as they are stored, compressed; the first comes whatever it weighs. */
const mostBytes = 128 * 1024

/** The first of these items that fit a page together, so that reading it does not hold up the event loop. */
export function fittingOn<Item extends { bytes: number }>(items: readonly Item[]): Item[] {
  let bytes = 0
  return items.filter((item, place) => {
    bytes += item.bytes
    return place === 0 || bytes <= mostBytes
  })
}

/** `rows` were read with one more than the page's limit, which tells whether more follow. */
export function toPage<Row extends { id: string; createdAt: Date | string }, T>(
  rows: Row[],
  page: ListPage,
  map: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  return {
    data: shown.map(map),
    hasMore: rows.length > page.limit,
    lastId: last === undefined ? null : cursorOf(last),
  }
}
