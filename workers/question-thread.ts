/** A prediction thread as its process sees it: started when it is first asked, and again after it died. */
import { Worker } from 'node:worker_threads'
import type { FromPredictor, ToPredictor } from './messages.js'

interface Question {
  answer(message: FromPredictor): void
  reject(error: Error): void
}

export class QuestionThread {
  #worker: Worker | undefined
  #nextQuestion = 0
  readonly #questions = new Map<number, Question>()
  readonly #onEnd: (() => void)[] = []

  /** Calls `listener` when the thread died, which has then forgotten everything. */
  onEnd(listener: () => void): void {
    this.#onEnd.push(listener)
  }

  post(message: ToPredictor, transfer: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, transfer)
  }

  /** Rejects when the question fails, or the thread dies of it or of another. */
  ask(order: (question: number) => ToPredictor, transfer: ArrayBuffer[] = []): Promise<FromPredictor> {
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
    const worker = new Worker(new URL('./predictor.thread.js', import.meta.url))
    worker.on('message', (message: FromPredictor) => {
      const question = this.#questions.get(message.question)
      this.#questions.delete(message.question)
      if (message.type === 'failed') question?.reject(new Error(message.message))
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
    worker.on('exit', () => end(new Error('the prediction thread ended')))
    return worker
  }
}
