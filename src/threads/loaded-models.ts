/**
 * Which models the prediction threads hold, and how much they take. Each is read once, into the memory of its thread,
 * however many requests wait; what does not fit waits until others are not used any more.
 *
 *   waiting for memory ──► loading ──► loaded ──► dropped, to free memory or because the model is gone
 */

import { fillBuffers } from '../base/fill-buffers.js'
import type { Model } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { AllModels } from '../training/ports/models.js'
import type { CallableThread } from './callable-thread.js'
import { collectSoon } from './collect-garbage.js'
import type { BackendSetting, FromPredictor, ToPredictor } from './messages.js'
import type { PredictionCosts } from './prediction-costs.js'
import { TenantQueue } from './tenant-queue.js'

interface Held<Thread> {
  model: Model
  thread: Thread
  bytes: number
  loaded: Promise<void>
  /** Whether it takes its bytes yet. */
  isAdmitted: boolean
  /** Who waits for an answer of it: until then it stays. */
  users: number
  isGone: boolean
}

export interface HeldModelsOptions<Thread> {
  models: Pick<AllModels, 'openWeights'>
  costs: Pick<PredictionCosts, 'bytes' | 'batchSize'>
  backend: BackendSetting
  threads: readonly Thread[]
  /** Bytes held at most, unless one model alone takes more; evicts the least recently used models. */
  most: number
}

/** Who asks, and which of the threads may hold the model. */
interface Use<Thread> {
  tenantId: string
  among: readonly Thread[]
}

export class LoadedModels<
  Thread extends Pick<CallableThread<ToPredictor, FromPredictor>, 'post' | 'call' | 'onEnd'>,
> {
  /** The most recently used stand last. */
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
   * Asks a thread that holds the model, for as long as `use` lasts.
   * @throws Problem `not-found` when the model was deleted meanwhile
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
      return await use(held.thread)
    } finally {
      held.users--
      if (held.isGone) this.#drop(model.id)
      this.#admitNext()
    }
  }

  /** The model no longer exists. */
  gone(id: string): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    held.isGone = true
    if (this.#drop(id)) this.#admitNext()
  }

  #hold(model: Model, { tenantId, among }: Use<Thread>): Held<Thread> {
    const { id } = model
    const existing = this.#held.get(id)
    if (existing !== undefined) {
      this.#held.delete(id)
      this.#held.set(id, existing)
      return existing
    }
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
    if (weights === null) throw new Problem('not-found', `There is no model ${modelId}.`)
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
    const answer = await thread.call((callId) => ({ ...order, callId }))
    if (answer.type !== 'weightBuffers') throw new Error(`requested weightBuffers, got ${answer.type}`)
    try {
      await fillBuffers(answer.buffers, chunks)
    } catch (error) {
      thread.post({ type: 'unload', modelId })
      throw error
    }
    // A thread that died meanwhile has been replaced by one that knows nothing of it.
    if (this.#held.get(modelId) !== held) throw new Error('the prediction thread ended')
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

  /** Drops what nobody uses, if need be; false when that is not enough. */
  #evictFor(wanted: number): boolean {
    const admitted = [...this.#held].filter(([, held]) => held.isAdmitted)
    let bytes = admitted.reduce((sum, [, held]) => sum + held.bytes, 0)
    for (const [id, held] of admitted) {
      if (bytes + wanted <= this.options.most) return true
      if (this.#drop(id)) bytes -= held.bytes
    }
    return bytes === 0 || bytes + wanted <= this.options.most
  }

  /** Unless somebody waits for it. */
  #drop(id: string): boolean {
    const held = this.#held.get(id)
    if (held === undefined || held.users > 0) return false
    this.#held.delete(id)
    held.thread.post({ type: 'unload', modelId: id })
    collectSoon(held.bytes)
    return true
  }
}
