/** Lists are read newest first; a page starts behind the item whose id is the cursor. */
import { Problem } from '../contract/problems.js'
import type { ListPage, Page } from '../training/ports.js'

interface Position {
  id: string
  createdAt: Date
}

/** What `behind` needs of an item. */
export const placeInList = { id: true, createdAt: true } as const

export const newestFirst = [{ createdAt: 'desc' }, { id: 'desc' }] as const

/** The filter for what stands behind `after`. Throws Problem `invalid-request` when that item does not exist. */
export async function behind(after: string | undefined, find: (id: string) => Promise<Position | null>) {
  if (after === undefined) return {}
  const position = await find(after)
  if (position === null) {
    throw new Problem('invalid-request', 'The cursor names nothing that exists.', [
      { pointer: '/after', message: 'is the id of no item in this list' },
    ])
  }
  const { createdAt, id } = position
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] }
}

/** `rows` were read with one more than the page's limit, which tells whether more follow. */
export function toPage<Row, T>(rows: Row[], page: ListPage, map: (row: Row) => T): Page<T> {
  return { data: rows.slice(0, page.limit).map(map), hasMore: rows.length > page.limit }
}
