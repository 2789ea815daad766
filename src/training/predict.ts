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
  encodeRows,
  encoding,
  finish,
  type InputRow,
  type RowList,
} from '../datasets/raw-rows.js'
import type { ModelStore } from './ports/models.js'
import type { PredictorPool } from './ports/predictor-pool.js'
import { inSlices } from './slices.js'

export interface PredictDependencies {
  tenantId: string
  models: Pick<ModelStore, 'get'>
  predictors: Pick<PredictorPool, 'predict'>
  /** The version that the request named; null if it named an id. */
  version?: number | null
}

export interface PredictionRows {
  /** A text in place of a row is the error of that row. */
  rows: RowList<InputRow | string>
  /** Turns a JSON Pointer into `rows` into one into the request. */
  requestPointer(pointer: string): string
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

/** @throws Problem `not-found`, or `invalid-input` with the errors of the rows if all rows are invalid */
export async function predict(
  { tenantId, models, predictors, version = null }: PredictDependencies,
  reference: string,
  readRows: (model: Model) => PredictionRows | Promise<PredictionRows>,
): Promise<Predictions> {
  const model = await models.get(reference)
  if (model === null) throw unknownModel(reference)
  const { rows, requestPointer } = await readRows(model)
  checkSize(model, rows.length)
  checkAnswer(model, rows.length)
  const isShort = rows.length <= rowsAtOnce
  const { coding } = model
  const encoded = isShort ? encodeRows(coding, rows) : await inSlices(encoding(coding, rows), 'request')
  const { inputs, rows: coded, errors } = encoded
  const predictions = Array<Prediction | null>(rows.length).fill(null)
  const refused = [...errors]
  if (coded.length > 0) {
    const outputs = await predictors.predict(tenantId, model, inputs)
    const steps = decoding(model, outputs, coded, predictions)
    const notFinite = isShort ? finish(steps) : await inSlices(steps, 'request')
    for (const each of notFinite) refused.push(each)
  }
  const listed = refused
    .sort((a, b) => a.row - b.row)
    .map(({ row, error }) => ({ row, pointer: requestPointer(error.pointer), message: error.message }))
  if (listed.length === rows.length) throw refusal(listed)
  const answer = { modelId: model.id, ...(version === null ? {} : { version }), predictions }
  return listed.length === 0 ? answer : { ...answer, errors: listed }
}

function checkSize({ coding }: Model, rows: number): void {
  const inputs = inputCount(coding)
  if (rows * inputs <= maximumInputs) return
  const most = Math.max(1, Math.floor(maximumInputs / inputs))
  throw new Problem(
    'invalid-input',
    `${rows} rows of ${inputs} numbers are too many for this model: send at most ${most} per request`,
  )
}

function checkAnswer({ layers }: Model, rows: number): void {
  const outputs = layers.at(-1)?.outputShape.reduce((product, side) => product * side, 1) ?? 1
  const most = Math.max(1, Math.floor(maximumOutputs / outputs))
  if (rows <= most) return
  throw new Problem(
    'invalid-input',
    `${rows} rows with ${outputs} outputs each are too many for this model: send at most ${most} per request`,
  )
}

type Refused = CodedRows['errors'][number]

/** Decodes one row per step into `predictions`. Returns the rows whose outputs are not finite. */
function* decoding(
  model: Model,
  outputs: Float32Array,
  coded: CodedRows['rows'],
  predictions: (Prediction | null)[],
): Generator<void, Refused[]> {
  const refused: Refused[] = []
  const width = outputs.length / coded.length
  const decode = cachedDecoder(model)
  for (let index = 0; index < coded.length; index++) {
    if (index > 0) yield
    const { row, warnings } = coded[index]
    const answer = read(decode, outputs.subarray(index * width, (index + 1) * width), row)
    if (answer instanceof InputError) refused.push({ row, error: answer })
    else predictions[row] = warnings.length === 0 ? answer : { ...answer, warnings }
  }
  return refused
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
