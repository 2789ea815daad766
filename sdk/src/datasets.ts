/** Datasets: upload them, read them, delete them. */
import { type Filter, listItems } from './lists.js'
import type { CallOptions, RouteInput, Schemas } from './routes.js'
import type { Transport } from './transport.js'
import { type UploadOptions, type UploadSource, uploadCall } from './upload.js'

type Query = NonNullable<RouteInput<'POST /datasets'>['query']>

/** How the file is read. Lists and objects stand for the texts that docs/data.md describes. */
export type UploadSettings = Omit<Query, 'target' | 'types' | 'missing' | 'missingValues'> & {
  /** One target column or several. */
  target?: string | readonly string[]
  types?: string | Readonly<Record<string, Schemas['ColumnType']>>
  missing?: string | Readonly<Record<string, string | { constant: string | number }>>
  missingValues?: string | readonly string[]
}

export class Datasets {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Creates a dataset. A lost answer is not followed by a second attempt, which could store the rows twice. */
  async upload(
    source: UploadSource,
    settings: UploadSettings = {},
    options: UploadOptions = {},
  ): Promise<Schemas['Dataset']> {
    const call = await uploadCall(source, options)
    return this.#transport.json('POST /datasets', { ...call, query: queryOf(settings) })
  }

  /** The dataset that `upload` would create, with its first rows. Stores nothing. */
  async preview(
    source: UploadSource,
    settings: UploadSettings = {},
    options: UploadOptions = {},
  ): Promise<Schemas['DatasetPreview']> {
    const call = await uploadCall(source, options)
    return this.#transport.json('POST /datasets/preview', { ...call, query: queryOf(settings) })
  }

  get(id: string, options: CallOptions = {}): Promise<Schemas['Dataset']> {
    return this.#transport.json('GET /datasets/{id}', { ...options, path: { id } })
  }

  list(filter: Filter<'GET /datasets'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /datasets', { query: filter }, options)
  }

  /** The rows in order, each as an object by column. */
  async *rows(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<Record<string, Schemas['Cell']>, void, undefined> {
    for (let offset = 0; ; ) {
      const call = { ...options, path: { id }, query: { offset } }
      const { columns, data, hasMore } = await this.#transport.json('GET /datasets/{id}/rows', call)
      for (const cells of data)
        yield Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? null]))
      offset += data.length
      if (!hasMore) return
    }
  }

  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.json('DELETE /datasets/{id}', { ...options, path: { id } })
  }
}

const queryOf = (settings: UploadSettings) =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : value,
    ]),
  )
