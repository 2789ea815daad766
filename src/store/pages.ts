/**
 * Lists, newest first. A cursor is a position in that order, `<id>~<createdAt>`, so a page continues even if
 * its item was deleted. The id of an existing item is a cursor, too.
 */
import { Problem } from '../contract/problems.js'
import type { ListPage, Page } from '../training/ports/pages.js'

export interface Position {
  id: string
  createdAt: Date
}

/** The columns that a cursor needs. */
export const cursorColumns = { id: true, createdAt: true } as const

export const newestFirst = [{ createdAt: 'desc' }, { id: 'desc' }] as const

/** Milliseconds since 1970 in base 36; nine digits last until the year 5188. */
const cursorPattern = /^(?<id>[^~]+)~(?<time>[0-9a-z]{1,9})$/

function toCursor({ id, createdAt }: { id: string; createdAt: Date | string }): string {
  return `${id}~${new Date(createdAt).getTime().toString(36)}`
}

function readCursor(cursor: string): Position | null {
  const { id, time } = cursorPattern.exec(cursor)?.groups ?? {}
  return id === undefined || time === undefined
    ? null
    : { id, createdAt: new Date(Number.parseInt(time, 36)) }
}

/**
 * The filter for the items after a cursor.
 * @throws Problem `invalid-request` if the cursor is not in the list
 */
export async function afterCursor(after: string | undefined, find: (id: string) => Promise<Position | null>) {
  const position = await findPosition(after, find)
  return position === null ? {} : afterPosition(position)
}

/** The position of a cursor; null without one. @throws Problem `invalid-request` if the cursor is not in the list */
export async function findPosition(
  after: string | undefined,
  find: (id: string) => Promise<Position | null>,
): Promise<Position | null> {
  if (after === undefined) return null
  const position = readCursor(after) ?? (await find(after))
  if (position === null) throw unknownCursor()
  return position
}

export function afterPosition({ createdAt, id }: Position) {
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] }
}

/**
 * The index of the first item after a cursor, in a complete list, oldest first.
 * @throws Problem `invalid-request` if the cursor is not in the list
 */
export function indexAfterCursor(
  after: string,
  items: readonly { id: string; createdAt: Date | string }[],
): number {
  const position = readCursor(after)
  const place = items.findIndex(({ id }) => id === (position?.id ?? after))
  if (place >= 0) return place + 1
  if (position === null) throw unknownCursor()
  const next = items.findIndex(({ createdAt }) => new Date(createdAt) > position.createdAt)
  return next < 0 ? items.length : next
}

/** Of a cursor that belongs to another list. */
export function unknownCursor(): Problem {
  return new Problem(
    'invalid-request',
    'The cursor does not belong to this list: pass the lastId of a page.',
    [{ pointer: '/after', message: 'is neither the lastId of a page nor the id of an item in this list' }],
  )
}

/** The maximum size of the rows of a page, compressed as stored. A page has at least one row. */
const maximumPageBytes = 128 * 1024

/** The first items that fit in a page, so that parsing it does not block the event loop. */
export function fitPage<Item extends { bytes: number }>(items: readonly Item[]): Item[] {
  let bytes = 0
  return items.filter((item, place) => {
    bytes += item.bytes
    return place === 0 || bytes <= maximumPageBytes
  })
}

/** @param rows the page, and one more row if more follow */
export function toPage<Row extends { id: string; createdAt: Date | string }, T>(
  rows: Row[],
  page: ListPage,
  map: (row: Row) => T,
): Page<T> {
  return pageByPosition(rows, page, map, toCursor)
}

/** A page of rows, of which one more than the limit was read. `cursor` is the position of an item. */
export function pageByPosition<Row, T>(
  rows: readonly Row[],
  { limit }: Pick<ListPage, 'limit'>,
  map: (row: Row) => T,
  cursor: (row: Row) => string,
): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    data: shown.map(map),
    hasMore: rows.length > limit,
    lastId: last === undefined ? null : cursor(last),
  }
}

/** The number in a cursor. @throws Problem `invalid-request` */
export function cursorNumber(after: string | undefined, first: number): number {
  if (after === undefined) return first
  if (/^[1-9]\d{0,14}$/.test(after)) return Number(after)
  const message = 'must be the lastId of a page'
  throw new Problem('invalid-request', `/after: ${message}`, [{ pointer: '/after', message }])
}
