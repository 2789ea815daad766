/** Models: predict with them, export them, import them. */
import type { ColumnType, Label, Row } from './columns.js'
import { type Filter, listItems } from './lists.js'
import type { CallOptions, RouteInput, Schemas } from './routes.js'
import type { Transport } from './transport.js'
import { type UploadOptions, uploadCall } from './upload.js'

/** The predictions of the rows, in order. */
export interface Predictions<Name extends string = string> extends PredictionsSchema {
  /** One per row. Null for a row with an entry in `errors`. */
  predictions: (Prediction<Name> | null)[]
}
type PredictionsSchema = Schemas['Predictions']

/** The prediction of one row. */
export interface Prediction<Name extends string = string> extends PredictionSchema {
  /** Name of the predicted class. Absent for numbers. */
  label?: Name
  /** Probability of each class by name. Absent for numbers, and without softmax or sigmoid. */
  probabilities?: { [Class in Name]: number }
}
type PredictionSchema = Schemas['Prediction']

/** Values in the order of the columns, or by their names. A missing value is null or left out. */
export type PredictionRow = readonly Schemas['Cell'][] | Readonly<Record<string, Schemas['Cell'] | undefined>>

/** Rows of any type whose fields are cells, such as an interface of the program. */
type CellsOf<Row> = { readonly [Name in keyof Row]: Schemas['Cell'] | undefined }

/** How an imported file is read: texts of the form, or values of its JSON fields. */
export type ImportFields = Readonly<Record<string, unknown>>

type ExportQuery = NonNullable<RouteInput<'GET /models/{id}/export'>['query']>

export class Models {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The model with its evaluation. @throws NotFoundError */
  get(id: string, options: CallOptions = {}): Promise<Schemas['EvaluatedModel']> {
    return this.#transport.json('GET /models/{id}', { ...options, path: { id } })
  }

  /** All models, newest first. Reads the next page when the loop reaches it. */
  list(filter: Filter<'GET /models'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /models', { query: filter }, options)
  }

  /**
   * Predicts for rows, or for a picture in PNG or JPEG.
   * @param id of a model, or a name with a version or alias, such as `churn@current`
   * @param input at most 10,000 rows: objects by column, or lists in the order of the columns
   * @throws InvalidInputError if no row has a prediction. Some wrong rows are in `errors` instead
   */
  predict<Row extends object & CellsOf<Row> = PredictionRow>(
    id: string,
    input: readonly Row[] | Blob,
    options: CallOptions = {},
  ): Promise<Predictions> {
    const body = input instanceof Blob ? input : { inputs: input }
    return this.#transport.json('POST /models/{id}/predict', { ...options, path: { id }, body })
  }

  /**
   * A model whose rows and labels have the types of these columns.
   * @param id of a model, or a registered name
   * @param _columns the columns of the dataset, `as const`. Only the types use them
   */
  of<const Columns extends readonly ColumnType[]>(
    id: string,
    _columns?: Columns,
  ): TypedModel<Row<Columns>, Label<Columns>> {
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

  /** Deletes a model. @throws ModelInUseError while a registered name needs it */
  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.json('DELETE /models/{id}', { ...options, path: { id } })
  }
}

/** A model with known columns. */
export class TypedModel<Cells, Name extends string> {
  /** A mdl_… id, or a registered name. */
  readonly id: string
  readonly #models: Models

  constructor(models: Models, id: string) {
    this.id = id
    this.#models = models
  }

  /**
   * Predicts for rows, in order.
   * @param rows at most 10,000. A value may be null in a column with an `imputation`
   * @throws InvalidInputError if no row has a prediction. Some wrong rows are in `errors` instead
   */
  async predict(rows: readonly Cells[], options: CallOptions = {}): Promise<Predictions<Name>> {
    const answer = await this.#models.predict(this.id, rows as readonly PredictionRow[], options)
    return answer as Predictions<Name>
  }
}
