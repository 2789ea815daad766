/** Predicts for raw rows. An invalid row does not affect the others. */
import type { z } from 'zod'
import type { Model, Prediction, predictionsSchema } from '../contract/model.js'
import { lastActivation } from '../contract/network.js'
import { Problem, pointerTo, unknownModel } from '../contract/problems.js'
import { inputCount } from '../datasets/feature-coding.js'
import { InputError } from '../datasets/input-error.js'
import { type Decoder, decoder } from '../datasets/prediction.js'
import {
  type CodedRows,
  type EncodableRow,
  encodeRows,
  encoding,
  type RowList,
} from '../datasets/raw-rows.js'
import type { PredictorPool } from './ports/predictor-pool.js'
import { inSlices } from './slices.js'

export interface PredictDependencies {
  tenantId: string
  /** Null if the tenant has no such model. */
  model: Model | null
  predictors: Pick<PredictorPool, 'predict'>
  /** The version that the request named; null if it named an id. */
  version?: number | null
}

export interface PredictionRows {
  /** A text in place of a row is the error of that row. */
  rows: RowList<EncodableRow | string>
  /** Turns a JSON Pointer into `rows` into one into the request. */
  requestPointer(pointer: string): string
  /** Called if a row has an error. May throw a problem that fits the request better. */
  checkErrors?: () => void
}

export type Predictions = z.infer<typeof predictionsSchema>

/** Errors that a problem lists. */
const maximumErrors = 100

/** Inputs of the network over the rows of one request: 200 MB. */
const maximumInputs = 50_000_000

/** Outputs of the network over the rows of one request. */
const maximumOutputs = 1_000_000

/** Rows that are encoded, predicted and sent in one turn of the event loop. */
export const rowsAtOnce = 64

/**
 * Predicts for the rows that `readRows` reads for the model.
 * @throws Problem `not-found`, or `invalid-input` with the errors of the rows if all rows are invalid
 */
export async function predict(
  dependencies: PredictDependencies,
  reference: string,
  readRows: (model: Model) => PredictionRows | Promise<PredictionRows>,
): Promise<Predictions> {
  const model = requireModel(dependencies, reference)
  return predictRows(dependencies, model, await readRows(model))
}

/**
 * Like `predict`, but without a promise if there is nothing to wait for: a few rows of a small model that is loaded. A
 * promise costs a short request more than its prediction.
 */
export function predictNow(
  dependencies: PredictDependencies,
  reference: string,
  readRows: (model: Model) => PredictionRows,
): Predictions | Promise<Predictions> {
  const model = requireModel(dependencies, reference)
  return predictRows(dependencies, model, readRows(model))
}

function requireModel({ model }: PredictDependencies, reference: string): Model {
  if (model === null) throw unknownModel(reference)
  return model
}

function predictRows(
  dependencies: PredictDependencies,
  model: Model,
  given: PredictionRows,
): Predictions | Promise<Predictions> {
  const { rows } = given
  if (rows.length > 1) checkSize(model, rows.length)
  if (rows.length > rowsAtOnce) return predictInSlices(dependencies, model, given)
  const encoded = encodeRows(model.coding, rows)
  const outputs = compute(dependencies, model, encoded)
  if (outputs instanceof Promise) {
    return outputs.then((computed) =>
      answer(dependencies, model, given, encoded, decodeRows(model, computed, encoded.rows, rows.length)),
    )
  }
  return answer(dependencies, model, given, encoded, decodeRows(model, outputs, encoded.rows, rows.length))
}

async function predictInSlices(
  dependencies: PredictDependencies,
  model: Model,
  given: PredictionRows,
): Promise<Predictions> {
  const { rows } = given
  const encoded = await inSlices(encoding(model.coding, rows), 'request')
  const outputs = await compute(dependencies, model, encoded)
  const decoded = await inSlices(decoding(model, outputs, encoded.rows, rows.length), 'request')
  return answer(dependencies, model, given, encoded, decoded)
}

function compute(
  { tenantId, predictors }: PredictDependencies,
  model: Model,
  { inputs, rows }: CodedRows,
): Float32Array | Promise<Float32Array> {
  return rows.length === 0 ? new Float32Array() : predictors.predict(tenantId, model, inputs)
}

function answer(
  { version = null }: PredictDependencies,
  model: Model,
  { rows, requestPointer, checkErrors }: PredictionRows,
  { errors }: CodedRows,
  { predictions, refused }: Decoded,
): Predictions {
  const { id: modelId } = model
  const answered = version === null ? { modelId, predictions } : { modelId, version, predictions }
  if (errors.length + refused.length === 0) return answered
  checkErrors?.()
  const listed = [...errors, ...refused]
    .sort((a, b) => a.row - b.row)
    .map(({ row, error }) => ({ row, pointer: requestPointer(error.pointer), message: error.message }))
  if (listed.length === rows.length) throw refusal(listed)
  return { ...answered, errors: listed }
}

/** Refuses several rows with too many inputs or outputs. */
function checkSize({ coding, layers }: Model, rows: number): void {
  const inputs = inputCount(coding)
  if (rows * inputs > maximumInputs) {
    const most = Math.max(1, Math.floor(maximumInputs / inputs))
    throw new Problem(
      'invalid-input',
      `${rows} rows of ${inputs} numbers are too many for this model: send at most ${most} per request`,
    )
  }
  const outputs = layers.at(-1)?.outputShape.reduce((product, side) => product * side, 1) ?? 1
  const most = Math.max(1, Math.floor(maximumOutputs / outputs))
  if (rows <= most) return
  throw new Problem(
    'invalid-input',
    `${rows} rows with ${outputs} outputs each are too many for this model: send at most ${most} per request`,
  )
}

interface Decoded {
  /** Null for a row with an error. */
  predictions: (Prediction | null)[]
  /** The rows whose outputs are not finite. */
  refused: CodedRows['errors']
}

function decodeRows(model: Model, outputs: Float32Array, coded: CodedRows['rows'], rows: number): Decoded {
  const decoded = emptyDecoded(rows)
  const decode = cachedDecoder(model)
  for (let index = 0; index < coded.length; index++) decodeRow(decode, outputs, coded, index, decoded)
  return decoded
}

/** Like `decodeRows`, but yields after each row. */
function* decoding(
  model: Model,
  outputs: Float32Array,
  coded: CodedRows['rows'],
  rows: number,
): Generator<void, Decoded> {
  const decoded = emptyDecoded(rows)
  const decode = cachedDecoder(model)
  for (let index = 0; index < coded.length; index++) {
    if (index > 0) yield
    decodeRow(decode, outputs, coded, index, decoded)
  }
  return decoded
}

function emptyDecoded(rows: number): Decoded {
  // A literal takes half the time, and most requests have one row.
  return { predictions: rows === 1 ? [null] : Array<null>(rows).fill(null), refused: [] }
}

function decodeRow(
  decode: Decoder,
  outputs: Float32Array,
  coded: CodedRows['rows'],
  index: number,
  { predictions, refused }: Decoded,
): void {
  const { row, warnings } = coded[index]
  const width = outputs.length / coded.length
  const output = coded.length === 1 ? outputs : outputs.subarray(index * width, (index + 1) * width)
  const prediction = read(decode, output, row)
  if (prediction instanceof InputError) refused.push({ row, error: prediction })
  else predictions[row] = warnings.length === 0 ? prediction : { ...prediction, warnings: [...warnings] }
}

const decoders = new WeakMap<Model, Decoder>()

function cachedDecoder(model: Model): Decoder {
  const cached = decoders.get(model)
  if (cached !== undefined) return cached
  const { loss, threshold, coding, network } = model
  const created = decoder(coding, { lastActivation: lastActivation(network), loss, threshold })
  decoders.set(model, created)
  return created
}

function read(decode: Decoder, output: Float32Array, row: number): Prediction | InputError {
  try {
    return decode(output)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return new InputError(pointerTo([row]), error.message)
  }
}

function refusal(errors: NonNullable<Predictions['errors']>): Problem {
  const items = errors.slice(0, maximumErrors).map(({ pointer, message }) => ({ pointer, message }))
  const [first] = items
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more rows)` : ''
  const detail = first.pointer === '' ? first.message : `${first.pointer}: ${first.message}`
  return new Problem('invalid-input', `${detail}${more}`, items)
}
