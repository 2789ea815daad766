/** Which models the prediction threads hold, and how much they take. */
import type { Model } from '../src/contract/model.js'
import { Problem } from '../src/contract/problems.js'
import type { AllModels } from '../src/training/ports.js'
import type { BackendSetting, FromPredictor, ToPredictor } from './messages.js'
import { ownBuffers, type QuestionThread } from './question-thread.js'

interface Held<Thread> {
  thread: Thread
  bytes: number
  loaded: Promise<void>
  /** Who waits for an answer of it: until then it stays. */
  users: number
  isGone: boolean
}

export interface HeldModelsOptions<Thread> {
  models: Pick<AllModels, 'weights'>
  backend: BackendSetting
  threads: readonly Thread[]
  /** Held at most, in bytes of weights; the models asked for longest ago go first. */
  most: number
}

export class HeldModels<Thread extends Pick<QuestionThread<ToPredictor, FromPredictor>, 'post' | 'onEnd'>> {
  /** Those asked for last stand last. */
  readonly #held = new Map<string, Held<Thread>>()

  constructor(private readonly options: HeldModelsOptions<Thread>) {
    for (const thread of options.threads) {
      thread.onEnd(() => {
        for (const [id, held] of this.#held) if (held.thread === thread) this.#held.delete(id)
      })
    }
  }

  /**
   * Asks a thread that holds the model, for as long as `use` lasts.
   * @throws Problem `not-found` when the model was deleted meanwhile
   */
  async use<Answer>(model: Model, use: (thread: Thread) => Promise<Answer>): Promise<Answer> {
    const held = this.#hold(model)
    held.users++
    try {
      await held.loaded
      return await use(held.thread)
    } finally {
      held.users--
      if (held.isGone) this.#drop(model.id)
    }
  }

  /** The model does not exist any more. */
  gone(id: string): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    held.isGone = true
    this.#drop(id)
  }

  #hold(model: Model): Held<Thread> {
    const { id, weightBytes: bytes } = model
    const known = this.#held.get(id)
    if (known !== undefined) {
      this.#held.delete(id)
      this.#held.set(id, known)
      return known
    }
    const thread = this.#emptiest()
    const held = { thread, bytes, loaded: this.#load(model, thread), users: 0, isGone: false }
    this.#held.set(id, held)
    held.loaded.catch(() => {
      if (this.#held.get(id) === held) this.#held.delete(id)
    })
    this.#makeRoom(id)
    return held
  }

  async #load({ id, network }: Model, thread: Thread): Promise<void> {
    const weights = await this.options.models.weights(id)
    if (weights === null) throw new Problem('not-found', `There is no model ${id}.`)
    const { backend } = this.options
    thread.post({ type: 'load', modelId: id, network, weights, backend }, ownBuffers([weights.bytes]))
  }

  #emptiest(): Thread {
    const bytes = new Map(this.options.threads.map((thread) => [thread, 0]))
    for (const held of this.#held.values()) {
      bytes.set(held.thread, (bytes.get(held.thread) ?? 0) + held.bytes)
    }
    const [[emptiest]] = [...bytes].sort(([, one], [, other]) => one - other)
    return emptiest
  }

  #makeRoom(newest: string): void {
    let bytes = [...this.#held.values()].reduce((sum, held) => sum + held.bytes, 0)
    for (const [id, held] of this.#held) {
      if (bytes <= this.options.most) return
      if (id !== newest && this.#drop(id)) bytes -= held.bytes
    }
  }

  /** Unless somebody waits for it. */
  #drop(id: string): boolean {
    const held = this.#held.get(id)
    if (held === undefined || held.users > 0) return false
    this.#held.delete(id)
    held.thread.post({ type: 'unload', modelId: id })
    return true
  }
}
