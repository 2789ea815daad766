/** Estimates the time and memory of predictions from the network alone. */
import type { Model } from '../contract/model.js'
import type { Network } from '../contract/network.js'
import { type BackendName, explainBackend, type PredictionCost, predictionCost } from '../engine/index.js'
import type { BackendSetting } from './messages.js'

/** Maximum `predictionCost` that the event loop computes: about 50 µs of each backend. */
const mostAtOnce: Record<BackendName, number> = { native: 500_000, wasm: 300_000, reference: 10_000 }

/** Maximum rows of a batch, and the bytes of its numbers unless a single row needs more. */
const batch = { rows: 64, bytes: 64 * 1024 * 1024 }

/** Maximum cost of a call of a thread, relative to that of the event loop. A single row may cost more. */
const callShare = 100

export class PredictionCosts {
  readonly #costs = new WeakMap<Network, PredictionCost>()
  readonly #most: number

  constructor(backend: BackendSetting) {
    this.#most = mostAtOnce[explainBackend(backend).name]
  }

  /** The cost of predicting the rows, relative to what the event loop may compute. */
  share({ network }: Model, rows: number): number {
    return this.#of(network).flops(rows) / this.#most
  }

  /** Maximum rows of a call, at least one. */
  rowsAtOnce(model: Model): number {
    return Math.max(1, Math.floor(callShare / this.share(model, 1)))
  }

  /** Whether a single row costs more than a call should. */
  isSlow(model: Model): boolean {
    return this.share(model, 1) > callShare
  }

  /** Rows that fit into the arena of a predictor of the model. */
  batchSize({ network }: Model): number {
    const { bytesPerRow } = this.#of(network)
    return Math.max(1, Math.min(batch.rows, Math.floor(batch.bytes / bytesPerRow)))
  }

  /** Bytes of a predictor: the weights, and the numbers of a batch. */
  bytes(model: Model): number {
    return model.weightBytes + this.batchSize(model) * this.#of(model.network).bytesPerRow
  }

  #of(network: Network): PredictionCost {
    const cached = this.#costs.get(network)
    if (cached !== undefined) return cached
    const cost = predictionCost(network)
    this.#costs.set(network, cost)
    return cost
  }
}
