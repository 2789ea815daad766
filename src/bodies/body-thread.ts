/** Large JSON bodies, which a thread parses and validates. */
import { type BodyName, bodySchemas } from '../contract/bodies.js'
import { type InferenceRequest, inferenceRequestSchema } from '../contract/inference.js'
import type { InlineDataset } from '../contract/job-request.js'
import { maximumPredictionRows } from '../contract/model.js'
import { Problem, type ProblemCode, type ProblemItem } from '../contract/problems.js'
import { packData, unpackData } from '../training/inference/packed-data.js'
import { standInFor, type Table, tableOfRows } from '../training/inline-rows.js'
import { NumberRowList, type NumberRows, packNumberRows } from '../training/number-rows.js'
import { cutWrongRows } from './cut-rows.js'
import { fingerprintBody } from './fingerprint-body.js'
import { parseJson } from './parse-json.js'
import { validate } from './validate.js'

export interface BodyRequest {
  bytes: Uint8Array
  /** The name of its schema. */
  name: BodyName
  /** The prefix of its fingerprint; null if no fingerprint is needed. */
  prefix: string | null
}

interface ParsedBody {
  value: object
  fingerprint: string | null
}

/** Whose turn a body takes. */
interface BodyTurn {
  tenantId: string
  /** Aborts when the client disconnects. A body that waits is then not read. */
  signal: AbortSignal
}

export interface BodyThread {
  /** @throws Problem `overloaded` or `unavailable`, the reason of the signal */
  read(body: BodyRequest, turn: BodyTurn): Promise<BodyResult>
}

/**
 * A message between the threads. The rows of an inline dataset are moved into a table, those of a prediction into one array
 * if they are numbers, and the numbers of tensors into arrays by the index of the input.
 */
export type BodyResult =
  | { type: 'read'; value: unknown; fingerprint: string | null; table: Table | null }
  | { type: 'numberRows'; fingerprint: string | null; rows: NumberRows }
  | { type: 'inference'; value: InferenceRequest; fingerprint: string | null; numbers: Numbers }
  | { type: 'refused'; code: ProblemCode; detail: string; errors: readonly ProblemItem[] }

type Numbers = Map<number, Float64Array>

/** Runs in the thread. */
export function parseBody({ bytes, name, prefix }: BodyRequest): BodyResult {
  try {
    const sent = parseJson(bytes)
    const fingerprint = (value: unknown) => (prefix === null ? null : fingerprintBody(prefix, sent, value))
    if (name === 'inference') {
      const value = validate(inferenceRequestSchema, sent, 'body')
      return { type: 'inference', value, fingerprint: fingerprint(value), numbers: packData(value) }
    }
    const rows = name === 'prediction' ? packNumberRows(sent, maximumPredictionRows) : null
    if (rows !== null) return { type: 'numberRows', fingerprint: fingerprint(sent), rows }
    const value = validated(name, sent)
    return { type: 'read', fingerprint: fingerprint(value), ...withoutRows(value) }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { code, detail, errors } = error
    return { type: 'refused', code, detail, errors }
  }
}

function validated(name: BodyName, parsed: unknown): unknown {
  // A list stands for { "rows": … }.
  const data = name === 'evaluation' && Array.isArray(parsed) ? { rows: parsed } : parsed
  cutWrongRows(data)
  return validate<unknown>(bodySchemas[name], data, 'body')
}

function withoutRows(value: unknown): { value: unknown; table: Table | null } {
  if (!hasRows(value)) return { value, table: null }
  const { dataset, ...rest } = value
  return { value: rest, table: tableOfRows(dataset) }
}

/** Whether a job request contains the rows of its dataset. */
export function hasRows(value: unknown): value is { dataset: InlineDataset } {
  if (typeof value !== 'object' || value === null || !('dataset' in value)) return false
  const { dataset } = value
  return typeof dataset === 'object' && dataset !== null && 'x' in dataset
}

/** Runs in the process. @throws Problem */
export function toParsedBody(result: BodyResult): ParsedBody {
  if (result.type === 'refused') throw new Problem(result.code, result.detail, [...result.errors])
  const { fingerprint } = result
  if (result.type === 'numberRows') return { value: { inputs: new NumberRowList(result.rows) }, fingerprint }
  const { value } = result
  if (typeof value !== 'object' || value === null) {
    throw new Problem('invalid-request', 'The body must be an object.')
  }
  if (result.type === 'inference') {
    unpackData(result.value, result.numbers)
    return { value, fingerprint }
  }
  const { table } = result
  return { value: table === null ? value : { ...value, dataset: standInFor(table) }, fingerprint }
}
