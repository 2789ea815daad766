/** The training threads of a worker process: one training each at a time, kept warm between trainings. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Epoch } from '../src/contract/epoch.js'
import type { FromTrainer, ToTrainer, TrainingOrder } from './messages.js'

export type Outcome = Exclude<FromTrainer, { type: 'epochs' }>

/** The thread died under the training: out of memory, or a fault in the engine. */
export class ThreadCrash extends Error {
  override readonly name = 'ThreadCrash'
}

export class TrainerPool {
  private readonly idle: Worker[] = []
  private readonly all = new Set<Worker>()

  /** Starts one thread ahead, so that the first training need not wait for it. */
  constructor() {
    this.idle.push(this.spawn())
  }

  /**
   * Trains. `store` is called with epochs in order, one call after the other; the training waits when storing falls
   * behind. Throws ThreadCrash when the thread dies, and what `store` throws, after stopping the training.
   */
  async train(
    order: TrainingOrder,
    store: (epochs: Epoch[], backend: string) => Promise<void>,
  ): Promise<Outcome> {
    const thread = this.idle.pop() ?? this.spawn()
    try {
      const outcome = await converse(thread, order, store)
      this.idle.push(thread)
      return outcome
    } catch (error) {
      await thread.terminate()
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.all].map((thread) => thread.terminate()))
  }

  private spawn(): Worker {
    const thread = new Worker(new URL('./trainer.thread.js', import.meta.url))
    this.all.add(thread)
    thread.once('exit', () => {
      this.all.delete(thread)
      const place = this.idle.indexOf(thread)
      if (place >= 0) this.idle.splice(place, 1)
    })
    // An idle thread that fails is replaced at the next training; a busy one is heard by converse.
    thread.on('error', () => {})
    return thread
  }
}

async function converse(
  thread: Worker,
  order: TrainingOrder,
  store: (epochs: Epoch[], backend: string) => Promise<void>,
): Promise<Outcome> {
  const over = new AbortController()
  const { signal } = over
  let storing = Promise.resolve()
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      thread.on('message', onMessage)
      signal.addEventListener('abort', () => thread.off('message', onMessage))
      once(thread, 'exit', { signal }).then(
        ([code]) => reject(new ThreadCrash(`the training thread exited with code ${code}`)),
        (error) => {
          // once() also rejects when the thread emits 'error'; its own abort is the ordinary end.
          if (!signal.aborted) reject(new ThreadCrash(String(error)))
        },
      )

      function onMessage(message: FromTrainer): void {
        if (message.type === 'epochs') {
          storing = storing.then(async () => {
            await store(message.epochs, message.backend)
            post(thread, { type: 'stored' })
          })
          storing.catch(reject)
        } else {
          storing.then(() => resolve(message), reject)
        }
      }

      post(thread, { type: 'train', ...order }, [order.values.buffer])
    })
  } finally {
    over.abort()
  }
}

function post(thread: Worker, message: ToTrainer, transfer: ArrayBufferLike[] = []): void {
  thread.postMessage(
    message,
    transfer.filter((buffer) => buffer instanceof ArrayBuffer),
  )
}
