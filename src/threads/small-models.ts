/** Predicts with small models on the event loop, because a call of a thread would take longer. */
import { LRUCache } from 'lru-cache'
import type { Model } from '../contract/model.js'
import { unknownModel } from '../contract/problems.js'
import { Predictor } from '../engine/index.js'
import type { AllModels } from '../training/ports/models.js'
import type { BackendSetting } from './messages.js'
import { unpackWeights } from './packed-weights.js'
import type { PredictionCosts } from './prediction-costs.js'

/** Larger models take too long to compile. */
const mostWeightBytes = 2 * 1024 * 1024

/** Maximum models and bytes in memory. */
const mostHeld = { models: 1_000, bytes: 256 * 1024 * 1024 }

export class SmallModels {
  readonly #predictors = new LRUCache<string, Predictor>({
    max: mostHeld.models,
    maxSize: mostHeld.bytes,
    sizeCalculation: ({ bytes }) => bytes,
  })
  readonly #loading = new Map<string, Promise<Predictor>>()

  constructor(
    private readonly models: Pick<AllModels, 'weights'>,
    private readonly costs: Pick<PredictionCosts, 'share'>,
    private readonly backend: BackendSetting,
  ) {}

  /** Null if the rows or the model are too many or large for the event loop. */
  predict(model: Model, inputs: Float32Array, rows: number): Float32Array | Promise<Float32Array> | null {
    if (model.weightBytes > mostWeightBytes || this.costs.share(model, rows) > 1) return null
    const predictor = this.#predictors.get(model.id)
    if (predictor === undefined) return this.#load(model).then((loaded) => loaded.predict(inputs))
    return predictor.predict(inputs)
  }

  /** Drops a deleted model. */
  gone(id: string): void {
    this.#predictors.delete(id)
    this.#loading.delete(id)
  }

  #load(model: Model): Promise<Predictor> {
    const existing = this.#loading.get(model.id)
    if (existing !== undefined) return existing
    const loading = this.#open(model).finally(() => this.#loading.delete(model.id))
    this.#loading.set(model.id, loading)
    return loading
  }

  /** @throws Problem `not-found` if the model was deleted meanwhile */
  async #open({ id, network }: Model): Promise<Predictor> {
    const weights = await this.models.weights(id)
    if (weights === null) throw unknownModel(id)
    const predictor = new Predictor(network, unpackWeights(weights), { backend: this.backend })
    // A model that was deleted meanwhile is not kept.
    if (this.#loading.has(id)) this.#predictors.set(id, predictor)
    return predictor
  }
}
