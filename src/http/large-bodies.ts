/** Large bodies as the thread that reads them gives them back. */
import { type BodyName, bodySchemas } from '../contract/bodies.js'
import type { InlineDataset } from '../contract/job.js'
import { Problem, type ProblemCode, type ProblemItem } from '../contract/problems.js'
import { standInFor, type Table, tableOfRows } from '../training/inline-rows.js'
import { readJson } from './json-text.js'
import { fingerprintOfBody } from './plugins/idempotency.js'
import { validate } from './validation.js'

export interface LargeBody {
  bytes: Uint8Array
  /** Of its schema. */
  name: BodyName
  /** What its fingerprint begins with; null where none is needed. */
  prefix: string | null
}

export interface ReadBody {
  value: object
  fingerprint: string | null
}

export interface BodyThread {
  read(body: LargeBody): Promise<BodyAnswer>
}

/** What goes between the threads: values without the rows of an inline dataset, which are a table. */
export type BodyAnswer =
  | { type: 'read'; value: unknown; fingerprint: string | null; table: Table | null }
  | { type: 'refused'; code: ProblemCode; detail: string; errors: readonly ProblemItem[] }

/** In the thread. */
export function answerBody({ bytes, name, prefix }: LargeBody): BodyAnswer {
  try {
    const sent = readJson(bytes)
    const value = checked(name, sent)
    const fingerprint = prefix === null ? null : fingerprintOfBody(prefix, sent, value)
    return { type: 'read', fingerprint, ...withoutRows(value) }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { code, detail, errors } = error
    return { type: 'refused', code, detail, errors }
  }
}

function checked(name: BodyName, parsed: unknown): unknown {
  // A list of rows is what { "rows": … } holds.
  const data = name === 'evaluation' && Array.isArray(parsed) ? { rows: parsed } : parsed
  return validate<unknown>(bodySchemas[name], data, 'body')
}

function withoutRows(value: unknown): { value: unknown; table: Table | null } {
  if (!hasRows(value)) return { value, table: null }
  const { dataset, ...rest } = value
  return { value: rest, table: tableOfRows(dataset) }
}

/** Whether a job brings the rows of its dataset. */
export function hasRows(value: unknown): value is { dataset: InlineDataset } {
  if (typeof value !== 'object' || value === null || !('dataset' in value)) return false
  const { dataset } = value
  return typeof dataset === 'object' && dataset !== null && 'x' in dataset
}

/** In the process. @throws Problem */
export function bodyOf(answer: BodyAnswer): ReadBody {
  if (answer.type === 'refused') throw new Problem(answer.code, answer.detail, [...answer.errors])
  const { value, fingerprint, table } = answer
  if (typeof value !== 'object' || value === null) {
    throw new Problem('invalid-request', 'The body must be an object.')
  }
  return { value: table === null ? value : { ...value, dataset: standInFor(table) }, fingerprint }
}
