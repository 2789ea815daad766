/**
 * A prediction thread and its queue. Requests for the same model share a call. The cost of a call is limited, so a
 * request with many rows takes several. Tenants take turns, and so do the models of a tenant.
 */
import { TenantQueue } from '../base/tenant-queue.js'
import type { PoolObserver } from '../training/ports/predictor-pool.js'
import { CallableThread } from './callable-thread.js'
import type { FromPredictor, PredictorSettings, ToPredictor } from './messages.js'

/** Calls that the thread has at a time: the next is there while it computes one. */
const callsAtOnce = 2

interface Rows {
  tenantId: string
  modelId: string
  /** Rows × features. */
  inputs: Float32Array
  features: number
  /** Maximum rows of a call. */
  rowsAtOnce: number
  /** Whether a row takes so long that the thread needs no second call. */
  isSlow: boolean
  observer?: PoolObserver | undefined
}

interface Request extends Rows {
  rows: number
  /** Rows that are in a call, and rows that are answered. */
  asked: number
  answered: number
  /** Rows × outputs; null before the first answer. */
  outputs: Float32Array | null
  resolve(outputs: Float32Array): void
  reject(error: unknown): void
}

/** The requests for one model, which belongs to one tenant. */
interface Queue {
  tenantId: string
  modelId: string
  requests: Request[]
}

/** The rows of a request that are in a call. */
interface Share {
  request: Request
  first: number
  rows: number
}

export class PredictorThread extends CallableThread<ToPredictor, FromPredictor> {
  readonly #turns = new TenantQueue<Queue>()
  /** The queues by model. */
  readonly #queues = new Map<string, Queue>()
  #calls = 0
  #slowCalls = 0

  /** @param priority in the operating system */
  constructor(priority: number) {
    super('./predictor.thread.js', { workerData: { priority } satisfies PredictorSettings })
    this.onEnd(() => {
      const requests = this.#turns.clear().flatMap((queue) => queue.requests)
      this.#queues.clear()
      for (const { reject } of requests) reject(this.endReason())
    })
  }

  /** Rows × outputs. */
  predict(rows: Rows): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      const all = rows.inputs.length / rows.features
      this.#openQueue(rows).requests.push({
        ...{ ...rows, rows: all, asked: 0, answered: 0, outputs: null },
        ...{ resolve, reject },
      })
      this.#send()
    })
  }

  #openQueue({ tenantId, modelId }: Rows): Queue {
    const existing = this.#queues.get(modelId)
    if (existing !== undefined) return existing
    const queue = { tenantId, modelId, requests: [] }
    this.#wait(queue)
    return queue
  }

  #wait(queue: Queue): void {
    this.#queues.set(queue.modelId, queue)
    this.#turns.add(queue.tenantId, queue)
  }

  #send(): void {
    while (this.#calls < (this.#slowCalls > 0 ? 1 : callsAtOnce)) {
      const queue = this.#turns.take()
      if (queue === undefined) return
      this.#queues.delete(queue.modelId)
      const shares = takeShares(queue.requests)
      // Other models go before the remaining requests for this model.
      if (queue.requests.length > 0) this.#wait(queue)
      void this.#call(queue.modelId, shares)
    }
  }

  async #call(modelId: string, shares: Share[]): Promise<void> {
    const slow = Number(shares[0].request.isSlow)
    this.#calls++
    this.#slowCalls += slow
    try {
      const inputs = joinInputs(shares)
      const answer = await this.call((callId) => ({ type: 'predict', callId, modelId, inputs }))
      if (answer.type !== 'predicted') throw new Error('a prediction was requested')
      giveOut(answer.outputs, shares)
    } catch (error) {
      const failed = new Set(shares.map(({ request }) => request))
      for (const { reject } of failed) reject(error)
      this.#forget(modelId, failed)
    } finally {
      this.#calls--
      this.#slowCalls -= slow
      this.#send()
    }
  }

  #forget(modelId: string, failed: ReadonlySet<Request>): void {
    const queue = this.#queues.get(modelId)
    if (queue === undefined) return
    queue.requests = queue.requests.filter((request) => !failed.has(request))
    if (queue.requests.length > 0) return
    this.#queues.delete(modelId)
    this.#turns.remove(queue.tenantId, queue)
  }
}

/** Takes the rows of the next call from the first requests. Removes requests without further rows. */
function takeShares(requests: Request[]): Share[] {
  const shares: Share[] = []
  let left = requests[0].rowsAtOnce
  while (left > 0 && requests.length > 0) {
    const [request] = requests
    const first = request.asked
    if (first === 0) request.observer?.onStart()
    const rows = Math.min(left, request.rows - first)
    shares.push({ request, first, rows })
    request.asked += rows
    left -= rows
    if (request.asked === request.rows) requests.shift()
  }
  return shares
}

function joinInputs(shares: readonly Share[]): Float32Array {
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
