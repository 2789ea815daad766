/**
 * Requests that come while a statement is under way go together in the next one: exact, since each is answered by a
 * statement sent after it came, and nearly free under load.
 */
export class Coalesced<Item, Answer> {
  #waiting: { item: Item; resolve(answer: Answer): void; reject(error: unknown): void }[] = []
  #isSending = false

  /**
   * @param send answers each item, in their order; what it rejects with, all of them do
   * @param most items sent together
   */
  constructor(
    private readonly send: (items: Item[]) => Promise<Answer[]>,
    private readonly most = 1_000,
  ) {}

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (!this.#isSending) void this.#sendAll()
    })
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    while (this.#waiting.length > 0) {
      const sent = this.#waiting.splice(0, this.most)
      try {
        const answers = await this.send(sent.map(({ item }) => item))
        for (const [index, { resolve }] of sent.entries()) resolve(answers[index])
      } catch (error) {
        for (const { reject } of sent) reject(error)
      }
    }
    this.#isSending = false
  }
}
