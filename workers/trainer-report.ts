/** The messages of a training thread to its parent, and how many may wait to be stored. */
import type { MessagePort } from 'node:worker_threads'
import type { Progress } from '../src/training/ports/runs.js'
import { areInPlace } from './export-arrays.js'
import type {
  Filled,
  FromTrainer,
  Outcome,
  Refusal,
  SharedData,
  TrainedModel,
  WholeTraining,
} from './messages.js'

/** Messages on their way to the database; then the training waits, so that memory does not grow. */
const maximumUnstored = 2
/** Complete trainings are reported together, if none waits longer than this. */
const togetherMilliseconds = 25

export class TrainerReport {
  /** The number of the order under way. */
  order = 0
  /** How many orders came together. */
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

  /** The parent has stored one message. */
  stored(): void {
    this.#unstored--
    this.#resume?.()
  }

  /** @param index of the order that brought the rows */
  encoded(index: number, data: SharedData): void {
    this.#send({ type: 'encoded', index, data })
  }

  /** Resolves when the training may go on: what is still in its memory must be stored first. */
  async progress(progress: Progress): Promise<void> {
    await this.#tellWhole()
    this.#send({ type: 'progress', index: this.order, progress })
    const { checkpoint } = progress
    await this.#wait(checkpoint !== null && areInPlace(checkpoint.bytes) ? 1 : maximumUnstored)
  }

  /** A model that is in the memory of its training until this resolves. */
  async inPlace(model: TrainedModel): Promise<void> {
    this.ended({ type: 'trained', model })
    await this.#wait(1)
  }

  /**
   * Requests that bytes of the current order are written to these places in shared memory. Resolves with a refusal when they
   * no longer exist.
   */
  async fill(what: Filled, places: Uint8Array[]): Promise<Refusal | null> {
    this.#send({ type: 'fill', index: this.order, what, places })
    return new Promise((resolve) => {
      this.#onFilled = resolve
    })
  }

  filled(refusal: Refusal | null): void {
    this.#onFilled?.(refusal)
  }

  /** A training of which nothing was reported before. */
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
    // The parent stores earlier messages before it handles this one.
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
