/** What it takes to answer with a model, known from its network alone. */
import type { Model } from '../contract/model.js'
import type { Network } from '../contract/network.js'
import { type BackendName, explainBackend, type PredictionCost, predictionCost } from '../engine/index.js'
import type { BackendSetting } from './messages.js'

/** What the loop computes at once at most, by `predictionCost`: some 50 µs of each backend. */
const mostAtOnce: Record<BackendName, number> = { native: 500_000, wasm: 300_000, reference: 10_000 }

/** Rows computed together, and the memory that their numbers may take, unless one row takes more. */
const batch = { rows: 64, bytes: 64 * 1024 * 1024 }

/** A call of a thread takes at most so many times what the event loop computes at once, unless a row alone takes longer. */
const callShare = 100

export class PredictionCosts {
  readonly #known = new WeakMap<Network, PredictionCost>()
  readonly #most: number

  constructor(backend: BackendSetting) {
    this.#most = mostAtOnce[explainBackend(backend).name]
  }

  /** How many times as much as the loop may compute at once it takes to answer so many rows. */
  share({ network }: Model, rows: number): number {
    return this.#of(network).flops(rows) / this.#most
  }

  /** Of one call; one row at least. */
  rowsAtOnce(model: Model): number {
    return Math.max(1, Math.floor(callShare / this.share(model, 1)))
  }

  /** Whether one row takes longer than a call should. */
  isSlow(model: Model): boolean {
    return this.share(model, 1) > callShare
  }

  /** Rows that fit into the arena of a predictor of the model. */
  batchSize({ network }: Model): number {
    const { bytesPerRow } = this.#of(network)
    return Math.max(1, Math.min(batch.rows, Math.floor(batch.bytes / bytesPerRow)))
  }

  /** Of a predictor: the weights, and the numbers of a batch. */
  bytes(model: Model): number {
    return model.weightBytes + this.batchSize(model) * this.#of(model.network).bytesPerRow
  }

  #of(network: Network): PredictionCost {
    const known = this.#known.get(network)
    if (known !== undefined) return known
    const cost = predictionCost(network)
    this.#known.set(network, cost)
    return cost
  }
}
