/** The training threads of a worker process: one training each at a time, kept warm between trainings. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Progress } from '../src/training/ports.js'
import type { FromTrainer, SharedData, ToTrainer, TrainingOrder } from './messages.js'

export type Outcome = Exclude<FromTrainer, { type: 'progress' | 'encoded' }>

/** What a training tells while it goes on. */
export interface Listener {
  /** One call after the other; the training waits when storing falls behind. What it throws ends the training. */
  store(progress: Progress): Promise<void>
  encoded(data: SharedData): void
}

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

  /** Trains. Throws ThreadCrash when the thread dies, and what `store` throws, after ending the thread. */
  async train(order: TrainingOrder, listener: Listener): Promise<Outcome> {
    const thread = this.idle.pop() ?? this.spawn()
    try {
      const outcome = await converse(thread, order, listener)
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

async function converse(thread: Worker, order: TrainingOrder, listener: Listener): Promise<Outcome> {
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
        switch (message.type) {
          case 'encoded':
            listener.encoded(message.data)
            break
          case 'progress':
            storing = storing.then(async () => {
              await listener.store(message)
              post(thread, { type: 'stored' })
            })
            storing.catch(reject)
            break
          default:
            storing.then(() => resolve(message), reject)
        }
      }

      post(thread, { type: 'train', ...order })
    })
  } finally {
    over.abort()
  }
}

function post(thread: Worker, message: ToTrainer): void {
  thread.postMessage(message)
}
