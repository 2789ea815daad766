/** A thread that answers calls. Started at the first call, and again after its death. */
import { Worker } from 'node:worker_threads'

interface Failed {
  type: 'failed'
  question: number
  message: string
}

type Answer = { type: string; question: number }

interface Question<From> {
  answer(message: From): void
  reject(error: Error): void
}

export class CallableThread<To, From extends Answer> {
  #worker: Worker | undefined
  #nextQuestion = 0
  readonly #questions = new Map<number, Question<From>>()
  readonly #onEnd: (() => void)[] = []

  /** @param program its file, named from this folder */
  constructor(private readonly program: string) {}

  /** Calls `listener` after the death of the thread, which loses its state. */
  onEnd(listener: () => void): void {
    this.#onEnd.push(listener)
  }

  post(message: To, transfer: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, transfer)
  }

  /** Rejects when the question fails, or the thread dies of it or of another. */
  ask(order: (question: number) => To, transfer: ArrayBuffer[] = []): Promise<From> {
    return new Promise((resolve, reject) => {
      const question = this.#nextQuestion++
      this.#questions.set(question, { answer: resolve, reject })
      this.post(order(question), transfer)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL(this.program, import.meta.url))
    worker.on('message', (message: From | Failed) => {
      const question = this.#questions.get(message.question)
      this.#questions.delete(message.question)
      if (isFailed(message)) question?.reject(new Error(message.message))
      else question?.answer(message)
    })
    const end = (error: Error) => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      for (const listener of this.#onEnd) listener()
      for (const question of this.#questions.values()) question.reject(error)
      this.#questions.clear()
    }
    worker.on('error', end)
    worker.on('exit', () => end(new Error('the thread ended')))
    return worker
  }
}

const isFailed = (message: Answer | Failed): message is Failed => message.type === 'failed'

/** The buffers of chunks that have one each, which are handed over instead of copied. */
export function ownBuffers(chunks: readonly Uint8Array[]): ArrayBuffer[] {
  return chunks.flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? [buffer] : [],
  )
}
