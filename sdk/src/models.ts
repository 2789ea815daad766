/** Models: predict with them, export them, import them. */
import type { ColumnType, Label, Row } from './columns.js'
import { type Filter, listItems } from './lists.js'
import type { CallOptions, RouteInput, Schemas } from './routes.js'
import type { Transport } from './transport.js'
import { type UploadOptions, uploadCall } from './upload.js'

/** The predictions of the rows, in order. */
export type Predictions<Name extends string = string> = Omit<Schemas['Predictions'], 'predictions'> & {
  /** Null for a row with an entry in `errors`. */
  predictions: (Prediction<Name> | null)[]
}

type Prediction<Name extends string> = Omit<Schemas['Prediction'], 'label' | 'probabilities'> & {
  label?: Name
  probabilities?: { [Class in Name]: number }
}

/** Values in the order of the columns, or by their names. */
export type PredictionRow = readonly Schemas['Cell'][] | Readonly<Record<string, Schemas['Cell']>>

/** How an imported file is read: texts of the form, or values of its JSON fields. */
export type ImportFields = Readonly<Record<string, unknown>>

type ExportQuery = NonNullable<RouteInput<'GET /models/{id}/export'>['query']>

export class Models {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get(id: string, options: CallOptions = {}): Promise<Schemas['EvaluatedModel']> {
    return this.#transport.json('GET /models/{id}', { ...options, path: { id } })
  }

  list(filter: Filter<'GET /models'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /models', { query: filter }, options)
  }

  /**
   * Predicts for rows, or for a picture in PNG or JPEG.
   * @param id of a model, or a name with a version or alias, such as `churn@current`
   * @param input at most 10,000 rows: objects by column, or lists in the order of the columns
   */
  predict(
    id: string,
    input: readonly PredictionRow[] | Blob,
    options: CallOptions = {},
  ): Promise<Predictions> {
    const body = input instanceof Blob ? input : { inputs: input }
    return this.#transport.json('POST /models/{id}/predict', { ...options, path: { id }, body })
  }

  /** A model whose rows and labels have the types of these columns. */
  of<const Columns extends readonly ColumnType[]>(id: string, _columns?: Columns): TypedModel<Columns> {
    return new TypedModel(this, id)
  }

  /** The file of another program. Read `body`, or call `blob()`. */
  export(id: string, query: ExportQuery, options: CallOptions = {}): Promise<Response> {
    return this.#transport.response('GET /models/{id}/export', { ...options, path: { id }, query })
  }

  /** The weights as a safetensors file. */
  weights(id: string, options: CallOptions = {}): Promise<Response> {
    return this.#transport.response('GET /models/{id}/weights', { ...options, path: { id } })
  }

  /** Imports a safetensors or ONNX file. `fields` are those of `POST /models`, such as `network` and `columns`. */
  async import(
    file: Blob,
    fields: ImportFields = {},
    options: UploadOptions = {},
  ): Promise<Schemas['Model']> {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields))
      if (value !== undefined) form.append(name, typeof value === 'string' ? value : JSON.stringify(value))
    form.append('file', file)
    return this.#transport.json('POST /models', await uploadCall(form, options))
  }

  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.json('DELETE /models/{id}', { ...options, path: { id } })
  }
}

/** A model with known columns. */
export class TypedModel<Columns extends readonly ColumnType[]> {
  readonly id: string
  readonly #models: Models

  constructor(models: Models, id: string) {
    this.id = id
    this.#models = models
  }

  async predict(
    rows: readonly Row<Columns>[],
    options: CallOptions = {},
  ): Promise<Predictions<Label<Columns>>> {
    const answer = await this.#models.predict(this.id, rows, options)
    return answer as Predictions<Label<Columns>>
  }
}
