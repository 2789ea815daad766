/** Lists of the service, page by page. */
import type { Answer, CallOptions, Route, RouteInput } from './routes.js'
import type { Call, Transport } from './transport.js'

interface Page<Item> {
  data: readonly Item[]
  hasMore: boolean
  lastId: string | number | null
}

/** The routes that answer with pages. */
export type ListRoute = {
  [R in Route]: Answer<R> extends Page<unknown> ? R : never
}[Route]

export type Item<R extends ListRoute> = Answer<R> extends { data: readonly (infer Each)[] } ? Each : never

/** The filters of a list. `limit` is the number of items in a page. */
export type Filter<R extends ListRoute> = NonNullable<
  RouteInput<R> extends { query?: infer Query } ? Query : never
>

/** Requests a page when the reader reaches its first item. */
export async function* listItems<R extends ListRoute>(
  transport: Transport,
  route: R,
  { path, query }: Pick<Call, 'path' | 'query'>,
  options: CallOptions = {},
): AsyncGenerator<Item<R>, void, undefined> {
  let place: object = {}
  for (;;) {
    const call = { ...options, path, query: { ...query, ...place } }
    const page: Page<unknown> = await transport.json<ListRoute>(route, call)
    yield* page.data as Item<R>[]
    if (!page.hasMore) return
    place = { after: page.lastId }
  }
}
