/**
 * Asks together what is asked at the same time: questions that come while as many answers as may be are under way wait,
 * and go together in the next. The same question asked twice before it is sent is one.
 */
interface Waiting<Question, Answer> {
  question: Question
  answer: Promise<Answer>
  resolve(answer: Answer): void
  reject(error: unknown): void
}

export interface BatchLimits {
  /** Questions asked together. */
  size: number
  /** Batches under way at the same time. */
  atOnce: number
}

export class Batch<Question, Answer> {
  readonly #waiting = new Map<string, Waiting<Question, Answer>>()
  #underWay = 0
  #isDue = false

  /** @param ask answers in the order of the questions */
  constructor(
    private readonly ask: (questions: Question[]) => Promise<Answer[]>,
    private readonly limits: BatchLimits,
  ) {}

  /** `key` is the same for the same question. */
  answer(key: string, question: Question): Promise<Answer> {
    const waiting = this.#waiting.get(key) ?? waitingFor<Question, Answer>(question)
    this.#waiting.set(key, waiting)
    if (!this.#isDue) {
      this.#isDue = true
      // What one packet of hints wakes goes together.
      setImmediate(() => {
        this.#isDue = false
        this.#send()
      })
    }
    return waiting.answer
  }

  #send(): void {
    while (this.#waiting.size > 0 && this.#underWay < this.limits.atOnce) {
      this.#underWay++
      void this.#ask(this.#next()).finally(() => {
        this.#underWay--
        this.#send()
      })
    }
  }

  #next(): Waiting<Question, Answer>[] {
    const batch = [...this.#waiting].slice(0, this.limits.size)
    for (const [key] of batch) this.#waiting.delete(key)
    return batch.map(([, waiting]) => waiting)
  }

  async #ask(batch: Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.ask(batch.map(({ question }) => question))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index])
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

function waitingFor<Question, Answer>(question: Question): Waiting<Question, Answer> {
  let resolve: (answer: Answer) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const answer = new Promise<Answer>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  return { question, answer, resolve, reject }
}
