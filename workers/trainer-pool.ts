/** The training threads of a worker process. Each runs one training at a time, and is kept for the next one. */
import { Worker } from 'node:worker_threads'
import type { Progress } from '../src/training/ports/runs.js'
import { areInPlace } from './export-arrays.js'
import type {
  Filled,
  FoldResult,
  FromTrainer,
  Outcome,
  Refusal,
  SharedData,
  ToTrainer,
  TrainerSettings,
  TrainingOrder,
  WholeTraining,
} from './messages.js'

/**
 * Receives the reports of trainings, with the index of the order. An error in a method ends all trainings of the
 * thread.
 */
export interface Listener {
  /** Calls are sequential. The training waits if storage is slower. */
  store(index: number, progress: Progress): Promise<void>
  /** Short trainings, complete from the first epoch to the model. */
  storeWhole(trainings: WholeTraining[]): Promise<void>
  ended(index: number, outcome: Outcome): Promise<void>
  encoded(index: number, data: SharedData): void
  begun(index: number): void
  fold(index: number, result: FoldResult): void
  /** Writes a large part of the order to the buffers. Returns a refusal if it no longer exists. */
  fill(index: number, what: Filled, buffers: Uint8Array[]): Promise<Refusal | null>
  /** The thread is free. Its last report is still being stored. */
  trained(): void
}

/** The thread died during a training: out of memory, or by a fault in the engine. */
export class ThreadCrash extends Error {
  override readonly name = 'ThreadCrash'

  /**
   * @param underway the index of the order that was being trained
   * @param isFault whether its code threw. False if memory was short or the thread was terminated
   */
  constructor(
    message: string,
    readonly underway: number,
    readonly isFault: boolean,
  ) {
    super(message)
  }
}

/** Milliseconds before an idle thread of low priority is replaced, unless it is needed sooner. */
const replacementMilliseconds = 200

export class TrainerPool {
  private readonly idle: Worker[] = []
  private readonly all = new Set<Worker>()

  /** Starts one thread in advance, so that the first training does not wait for it. */
  constructor(private readonly settings: TrainerSettings = { backend: 'auto' }) {
    this.idle.push(this.spawn())
  }

  /**
   * Trains the orders in sequence.
   * @throws ThreadCrash if the thread dies, or the error of the listener after ending the thread
   */
  async train(orders: TrainingOrder[], listener: Listener): Promise<void> {
    const thread = this.idle.pop() ?? this.spawn()
    let isFree = false
    const trained = (isSlow: boolean) => {
      isFree = true
      this.idle.push(thread)
      if (isSlow) this.#replaceWhenIdle(thread)
      listener.trained()
    }
    try {
      await converse(thread, orders, { ...listener, trained })
    } catch (error) {
      if (!isFree) await thread.terminate()
      throw error
    }
  }

  /** Number of threads, with the idle ones. */
  get size(): number {
    return this.all.size
  }

  /** Starts threads in advance until there are so many. */
  startThreads(count: number): void {
    while (this.size < count) this.idle.push(this.spawn())
  }

  async close(): Promise<void> {
    await Promise.all([...this.all].map((thread) => thread.terminate()))
  }

  /** Replaces a thread of low priority, because it would delay the first epoch of the next training. */
  #replaceWhenIdle(thread: Worker): void {
    const replace = () => {
      const index = this.idle.indexOf(thread)
      if (index === -1) return
      this.idle[index] = this.spawn()
      void thread.terminate()
    }
    setTimeout(replace, replacementMilliseconds).unref()
  }

  private spawn(): Worker {
    const thread = new Worker(new URL('./trainer.thread.js', import.meta.url), { workerData: this.settings })
    this.all.add(thread)
    thread.once('exit', () => {
      this.all.delete(thread)
      const index = this.idle.indexOf(thread)
      if (index >= 0) this.idle.splice(index, 1)
    })
    // An idle thread that fails is replaced at the next training. `converse` handles errors of a busy one.
    thread.on('error', () => {})
    return thread
  }
}

interface Conversation extends Omit<Listener, 'trained'> {
  /** @param isSlow whether the thread keeps a low priority */
  trained(isSlow: boolean): void
}

async function converse(thread: Worker, orders: TrainingOrder[], listener: Conversation): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const underway = new Int32Array(new SharedArrayBuffer(4))
  let storing = Promise.resolve()
  try {
    await new Promise<void>((resolve, reject) => {
      let reason: string | undefined
      let isFault = false
      const onError = (error: unknown) => {
        reason = String(error)
        isFault = error instanceof Error && !isOfMemory(error)
      }
      // All messages of the thread have arrived, and are stored first.
      const onExit = (code: number) => {
        const message = reason ?? `the training thread exited with code ${code}`
        const die = () => reject(new ThreadCrash(message, Atomics.load(underway, 0), isFault))
        storing.then(die, die)
      }
      thread.on('message', onMessage).on('error', onError).on('exit', onExit)
      signal.addEventListener('abort', () => {
        thread.off('message', onMessage).off('error', onError).off('exit', onExit)
      })

      function store(work: () => Promise<void>): void {
        storing = storing.then(work)
        storing.catch(reject)
      }

      function onMessage(message: FromTrainer): void {
        switch (message.type) {
          case 'encoded':
            listener.encoded(message.index, message.data)
            break
          case 'begun':
            listener.begun(message.index)
            break
          case 'fold':
            listener.fold(message.index, message.result)
            break
          case 'progress':
            store(async () => {
              await listener.store(message.index, message.progress)
              if (!signal.aborted) post(thread, { type: 'stored' })
            })
            break
          case 'whole':
            store(async () => {
              await listener.storeWhole(message.trainings)
              if (!signal.aborted) post(thread, { type: 'stored' })
            })
            break
          case 'fill':
            listener
              .fill(message.index, message.what, message.buffers)
              .then((refusal) => {
                if (!signal.aborted) post(thread, { type: 'filled', refusal })
              })
              .catch(reject)
            break
          case 'ended': {
            const { index, outcome } = message
            const waits = outcome.type === 'trained' && areInPlace(outcome.model.weights.bytes)
            store(async () => {
              await listener.ended(index, outcome)
              if (waits && !signal.aborted) post(thread, { type: 'stored' })
            })
            break
          }
          case 'done':
            // From now on, another training may use the thread.
            over.abort()
            listener.trained(message.isSlow)
            storing.then(resolve, reject)
            break
          default:
            message satisfies never
        }
      }

      post(thread, { type: 'train', orders, underway })
    })
  } finally {
    over.abort()
  }
}

/** Errors of memory: those of Node, and those of an array or WebAssembly memory that does not fit. */
function isOfMemory(error: Error): boolean {
  return error instanceof RangeError || ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
}

function post(thread: Worker, message: ToTrainer): void {
  thread.postMessage(message)
}
