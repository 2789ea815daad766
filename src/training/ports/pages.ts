export interface ListPage {
  limit: number
  after?: string | undefined
}

export interface Page<T> {
  data: T[]
  hasMore: boolean
  /** The cursor `after` of the next page; null for an empty page. */
  lastId: string | null
}
