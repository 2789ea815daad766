/**
 * A thread that predicts, and who waits for it. Requests that wait for the same model go as one call. What a call may cost is
 * bounded: a request of many rows takes several, and models take turns.
 */
import type { FromPredictor, ToPredictor } from './messages.js'
import { QuestionThread } from './question-thread.js'

/** Calls that the thread has at a time: while it computes one, the next is there already. */
const callsAtOnce = 2

export interface Rows {
  modelId: string
  /** Rows × features. */
  inputs: Float32Array
  features: number
  /** That a call may have. */
  rowsAtOnce: number
}

interface Request extends Rows {
  rows: number
  /** Rows that are part of a call already, and those that are answered. */
  asked: number
  answered: number
  /** Rows × outputs, once the first rows are answered. */
  outputs: Float32Array | null
  resolve(outputs: Float32Array): void
  reject(error: unknown): void
}

/** Rows of a request that are part of a call. */
interface Share {
  request: Request
  first: number
  rows: number
}

export class PredictionLane extends QuestionThread<ToPredictor, FromPredictor> {
  /** By model; the one whose turn it is stands first. */
  readonly #waiting = new Map<string, Request[]>()
  #calls = 0

  constructor() {
    super('./predictor.thread.js')
    this.onEnd(() => {
      const requests = [...this.#waiting.values()].flat()
      this.#waiting.clear()
      for (const { reject } of requests) reject(new Error('the prediction thread ended'))
    })
  }

  /** Rows × outputs. */
  predict(rows: Rows): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      const requests = this.#waiting.get(rows.modelId) ?? []
      const all = rows.inputs.length / rows.features
      requests.push({ ...rows, rows: all, asked: 0, answered: 0, outputs: null, resolve, reject })
      this.#waiting.set(rows.modelId, requests)
      this.#send()
    })
  }

  #send(): void {
    for (const [modelId, requests] of this.#waiting) {
      if (this.#calls === callsAtOnce) return
      // Whoever still waits for this model waits behind the others.
      this.#waiting.delete(modelId)
      const shares = takeShares(requests)
      if (requests.length > 0) this.#waiting.set(modelId, requests)
      void this.#call(modelId, shares)
    }
  }

  async #call(modelId: string, shares: Share[]): Promise<void> {
    this.#calls++
    try {
      const inputs = inputsOf(shares)
      const answer = await this.ask((question) => ({ type: 'predict', question, modelId, inputs }))
      if (answer.type !== 'predicted') throw new Error('a prediction was asked for')
      giveOut(answer.outputs, shares)
    } catch (error) {
      const failed = new Set(shares.map(({ request }) => request))
      for (const { reject } of failed) reject(error)
      this.#forget(modelId, failed)
    } finally {
      this.#calls--
      this.#send()
    }
  }

  #forget(modelId: string, failed: ReadonlySet<Request>): void {
    const left = this.#waiting.get(modelId)?.filter((request) => !failed.has(request)) ?? []
    if (left.length > 0) this.#waiting.set(modelId, left)
    else this.#waiting.delete(modelId)
  }
}

/** As many rows as a call may have, of the first requests; those of which none are left are taken out. */
function takeShares(requests: Request[]): Share[] {
  const shares: Share[] = []
  let room = requests[0].rowsAtOnce
  while (room > 0 && requests.length > 0) {
    const [request] = requests
    const first = request.asked
    const rows = Math.min(room, request.rows - first)
    shares.push({ request, first, rows })
    request.asked += rows
    room -= rows
    if (request.asked === request.rows) requests.shift()
  }
  return shares
}

function inputsOf(shares: readonly Share[]): Float32Array {
  const parts = shares.map(({ request: { inputs, features }, first, rows }) =>
    inputs.subarray(first * features, (first + rows) * features),
  )
  if (parts.length === 1) return parts[0].slice()
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

function giveOut(outputs: Float32Array, shares: readonly Share[]): void {
  const width = outputs.length / shares.reduce((sum, { rows }) => sum + rows, 0)
  let offset = 0
  for (const { request, first, rows } of shares) {
    request.outputs ??= new Float32Array(request.rows * width)
    request.outputs.set(outputs.subarray(offset, offset + rows * width), first * width)
    offset += rows * width
    request.answered += rows
    if (request.answered === request.rows) request.resolve(request.outputs)
  }
}
