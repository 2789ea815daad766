/** Datasets: upload them, read them, delete them. */
import { type Filter, listItems } from './lists.js'
import type { CallOptions, RouteInput, Schemas } from './routes.js'
import type { Transport } from './transport.js'
import { type UploadOptions, type UploadSource, uploadCall } from './upload.js'

type Query = NonNullable<RouteInput<'POST /datasets'>['query']>

/** How the file is read. Default: detected from its content. */
export interface UploadSettings {
  /** Name to show in lists. */
  name?: Query['name']
  /** One target column or several. Default: the last column that is not an index, id, date or row count. */
  target?: string | readonly string[]
  /** Types of columns by name, instead of the detected ones. */
  types?: string | Readonly<Record<string, Schemas['ColumnType']>>
  /** Rules for missing values by column, and by '' for all others. Default: `impute`. */
  missing?: string | Readonly<Record<string, MissingRule>>
  /** Texts that mean a missing value, such as `N/A`. Default: `?`, `na`, `n/a`, `#n/a`, `nan`, `null`, `none`. */
  missingValues?: string | readonly string[]
  /** Delimiter of text files. */
  delimiter?: Query['delimiter']
  /** Decimal sign of numbers in text. With `comma`, 1.234,5 is a number. Default: detected for each column. */
  decimal?: Query['decimal']
  /** Whether the first line names the columns. Default: true unless it contains numbers. */
  header?: Query['header']
  /** Width of pictures in pixels. Default: that of the first picture. */
  width?: Query['width']
  /** Height of pictures in pixels. Default: that of the first picture. */
  height?: Query['height']
  /** Names of the features and the labels in a NumPy file, such as `x_test,y_test`. */
  arrays?: Query['arrays']
  /** Id of a dataset or model whose types, target and missing values apply to this file. */
  like?: Query['like']
  /** Channels of pictures: 1 for grey, 3 for colour. Default: those of the first picture. */
  channels?: 1 | 3
}

/**
 * `impute` fills a number with the mean of the training rows, and makes a missing category a separate one. `mean`
 * fills a category with the most frequent value instead. `drop` drops the row.
 */
export type MissingRule = 'impute' | 'drop' | 'mean' | { constant: string | number }

export class Datasets {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Creates a dataset. A lost answer is not followed by a second attempt, which could store the rows twice.
   * @param source the content of the file, such as `await openAsBlob('flowers.csv')`. A text is a content, not a path
   * @param settings the target column, and what replaces the detection
   * @throws InvalidDatasetError with the line and column of what cannot be read
   */
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

  /** The dataset with this id, or the built-in with this name. @throws NotFoundError */
  get(id: string, options: CallOptions = {}): Promise<Schemas['Dataset']> {
    return this.#transport.json('GET /datasets/{id}', { ...options, path: { id } })
  }

  /** All datasets, newest first. Reads the next page when the loop reaches it. */
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

  /** Deletes a dataset. @throws DatasetInUseError while a job needs it */
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
