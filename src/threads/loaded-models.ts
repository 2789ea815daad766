/**
 * Keeps models in the memory of prediction threads, up to a number of bytes. Each model is read once, also for many
 * concurrent requests. A model that does not fit waits until others are unused.
 *
 *   waiting for memory ──► loading ──► loaded ──► dropped, to free memory or because the model was deleted
 */
import { fillBuffers } from '../base/fill-buffers.js'
import { TenantQueue } from '../base/tenant-queue.js'
import type { Model } from '../contract/model.js'
import { unknownModel } from '../contract/problems.js'
import type { AllModels } from '../training/ports/models.js'
import type { PoolObserver } from '../training/ports/predictor-pool.js'
import { type CallableThread, requireAnswer } from './callable-thread.js'
import { collectSoon } from './collect-garbage.js'
import type { BackendSetting, FromPredictor, ToPredictor } from './messages.js'
import type { PredictionCosts } from './prediction-costs.js'

interface Held<Thread> {
  model: Model
  thread: Thread
  bytes: number
  loaded: Promise<void>
  /** Whether its bytes are allocated. */
  isAdmitted: boolean
  /** Requests that wait for its answer. It is not dropped before they end. */
  users: number
  isGone: boolean
}

interface HeldModelsOptions<Thread> {
  models: Pick<AllModels, 'openWeights'>
  costs: Pick<PredictionCosts, 'bytes' | 'batchSize'>
  backend: BackendSetting
  threads: readonly Thread[]
  /** Maximum bytes, unless a single model needs more. Evicts the least recently used models. */
  most: number
}

/** The tenant of a request, and the threads that may load the model. */
interface Use<Thread> {
  tenantId: string
  among: readonly Thread[]
  observer?: PoolObserver | undefined
}

export class LoadedModels<
  Thread extends Pick<CallableThread<ToPredictor, FromPredictor>, 'post' | 'call' | 'onEnd' | 'endReason'>,
> {
  /** Least recently used first. */
  readonly #held = new Map<string, Held<Thread>>()
  readonly #waiting = new TenantQueue<{ held: Held<Thread>; admit: () => void }>()

  constructor(private readonly options: HeldModelsOptions<Thread>) {
    for (const thread of options.threads) {
      thread.onEnd(() => {
        for (const [id, held] of this.#held) {
          if (held.thread === thread && held.isAdmitted) this.#held.delete(id)
        }
        this.#admitNext()
      })
    }
  }

  /**
   * Calls `use` with the thread that has loaded the model. The model stays loaded until `use` ends.
   * @throws Problem `not-found` if the model was deleted meanwhile
   */
  async use<Answer>(
    model: Model,
    whose: Use<Thread>,
    use: (thread: Thread) => Promise<Answer>,
  ): Promise<Answer> {
    const held = this.#hold(model, whose)
    held.users++
    try {
      await held.loaded
      whose.observer?.onStart()
      return await use(held.thread)
    } finally {
      held.users--
      if (held.isGone) this.#drop(model.id)
      this.#admitNext()
    }
  }

  /** Drops a deleted model after its last answer. */
  gone(id: string): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    held.isGone = true
    if (this.#drop(id)) this.#admitNext()
  }

  #hold(model: Model, { tenantId, among, observer }: Use<Thread>): Held<Thread> {
    const { id } = model
    const existing = this.#held.get(id)
    if (existing !== undefined) {
      this.#held.delete(id)
      this.#held.set(id, existing)
      return existing
    }
    observer?.onLoad()
    const bytes = this.options.costs.bytes(model)
    const thread = this.#emptiest(among)
    const held: Held<Thread> = {
      ...{ model, thread, bytes, isAdmitted: false, users: 0, isGone: false },
      loaded: Promise.resolve(),
    }
    const admitted = new Promise<void>((admit) => this.#waiting.add(tenantId, { held, admit }))
    held.loaded = admitted.then(() => this.#load(held))
    this.#held.set(id, held)
    held.loaded.catch(() => {
      if (this.#held.get(id) === held) this.#held.delete(id)
      this.#admitNext()
    })
    this.#admitNext()
    return held
  }

  async #load(held: Held<Thread>): Promise<void> {
    const { model, thread } = held
    const { id: modelId, network } = model
    const weights = await this.options.models.openWeights(modelId)
    if (weights === null) throw unknownModel(modelId)
    const { tensors, chunks } = weights
    const { backend, costs } = this.options
    const order = {
      type: 'load' as const,
      modelId,
      network,
      tensors,
      backend,
      batchSize: costs.batchSize(model),
    }
    const answer = requireAnswer(await thread.call((callId) => ({ ...order, callId })), 'weightBuffers')
    try {
      await fillBuffers(answer.buffers, chunks)
    } catch (error) {
      thread.post({ type: 'unload', modelId })
      throw error
    }
    // A thread that died meanwhile has a successor without the model.
    if (this.#held.get(modelId) !== held) throw thread.endReason()
    thread.post({ type: 'loaded', modelId })
  }

  #emptiest(among: readonly Thread[]): Thread {
    const bytes = new Map(among.map((thread) => [thread, 0]))
    for (const held of this.#held.values()) {
      const sum = bytes.get(held.thread)
      if (sum !== undefined) bytes.set(held.thread, sum + held.bytes)
    }
    const [[emptiest]] = [...bytes].sort(([, one], [, other]) => one - other)
    return emptiest
  }

  /** Loads waiting models in turn while they fit. */
  #admitNext(): void {
    for (;;) {
      const next = this.#waiting.first()
      if (next === undefined || !this.#evictFor(next.held.bytes)) return
      this.#waiting.take()
      next.held.isAdmitted = true
      next.admit()
    }
  }

  /** Drops unused models until the bytes fit. False if they do not. */
  #evictFor(wanted: number): boolean {
    const admitted = [...this.#held].filter(([, held]) => held.isAdmitted)
    let bytes = admitted.reduce((sum, [, held]) => sum + held.bytes, 0)
    for (const [id, held] of admitted) {
      if (bytes + wanted <= this.options.most) return true
      if (this.#drop(id)) bytes -= held.bytes
    }
    return bytes === 0 || bytes + wanted <= this.options.most
  }

  /** Drops the model, unless a request uses it. */
  #drop(id: string): boolean {
    const held = this.#held.get(id)
    if (held === undefined || held.users > 0) return false
    this.#held.delete(id)
    held.thread.post({ type: 'unload', modelId: id })
    collectSoon(held.bytes)
    return true
  }
}
