/** Sends the messages of a training thread to its parent, and limits those that are not stored. */
import type { MessagePort } from 'node:worker_threads'
import type { Progress } from '../src/training/ports/runs.js'
import { areInPlace } from './export-arrays.js'
import type {
  Filled,
  FoldResult,
  FromTrainer,
  Outcome,
  Refusal,
  SharedData,
  TrainedModel,
  WholeTraining,
} from './messages.js'

/** Maximum messages that are not stored. The training waits beyond, so memory does not grow. */
const maximumUnstored = 2
/** Milliseconds. Complete trainings are reported together if none waits longer. */
const togetherMilliseconds = 25

export class TrainerReport {
  /** The index of the current order. */
  order = 0
  /** The number of orders of the batch. */
  orders = 1
  #unstored = 0
  #resume: (() => void) | undefined
  #onFilled: ((refusal: Refusal | null) => void) | undefined
  #whole: WholeTraining[] = []
  #wholeSince = 0

  constructor(private readonly port: Pick<MessagePort, 'postMessage'>) {}

  begin(orders: number): void {
    this.orders = orders
    this.#unstored = 0
  }

  /** Called when the parent has stored a message. */
  stored(): void {
    this.#unstored--
    this.#resume?.()
  }

  /** @param index the index of the order with the rows */
  encoded(index: number, data: SharedData): void {
    this.#send({ type: 'encoded', index, data })
  }

  begun(): void {
    this.#send({ type: 'begun', index: this.order })
  }

  fold(result: FoldResult): void {
    this.#send({ type: 'fold', index: this.order, result })
  }

  /** Resolves when the training may continue, after the bytes in its memory are stored. */
  async progress(progress: Progress): Promise<void> {
    await this.#tellWhole()
    this.#send({ type: 'progress', index: this.order, progress })
    const { checkpoint } = progress
    await this.#wait(checkpoint !== null && areInPlace(checkpoint.bytes) ? 1 : maximumUnstored)
  }

  /** A model in the memory of the training, until this resolves. */
  async inPlace(model: TrainedModel): Promise<void> {
    this.ended({ type: 'trained', model })
    await this.#wait(1)
  }

  /**
   * Requests that a large part of the current order is written to these buffers in shared memory. Resolves with a
   * refusal if it no longer exists.
   */
  async fill(what: Filled, buffers: Uint8Array[]): Promise<Refusal | null> {
    this.#send({ type: 'fill', index: this.order, what, buffers })
    return new Promise((resolve) => {
      this.#onFilled = resolve
    })
  }

  filled(refusal: Refusal | null): void {
    this.#onFilled?.(refusal)
  }

  /** A complete training without earlier reports. */
  async whole(progress: WholeTraining['progress'], model: TrainedModel): Promise<void> {
    if (this.#whole.length === 0) this.#wholeSince = performance.now()
    this.#whole.push({ index: this.order, progress, model })
    const isLast = this.order === this.orders - 1
    if (isLast || performance.now() - this.#wholeSince >= togetherMilliseconds) await this.#tellWhole()
  }

  ended(outcome: Outcome): void {
    this.#send({ type: 'ended', index: this.order, outcome })
  }

  /** @param isSlow whether the thread keeps a low priority */
  done(isSlow: boolean): void {
    // The parent stores earlier messages first.
    void this.#tellWhole()
    this.#send({ type: 'done', isSlow })
  }

  async #tellWhole(): Promise<void> {
    if (this.#whole.length === 0) return
    this.#send({ type: 'whole', trainings: this.#whole })
    this.#whole = []
    await this.#wait()
  }

  async #wait(most = maximumUnstored): Promise<void> {
    this.#unstored++
    while (this.#unstored >= most) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve
      })
    }
  }

  #send(message: FromTrainer): void {
    this.port.postMessage(message)
  }
}
