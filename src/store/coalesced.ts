/**
 * Questions that go together: what is asked while a statement is under way waits for the next one. Every answer comes from a
 * statement that was sent after its question, so it is as true as if it had been asked alone, and nearly free under load.
 */

/** A statement that takes longer no longer keeps the next from being sent: one that hangs must not hold all others. */
const patienceMilliseconds = 1_000

interface Waiting<Item, Answer> {
  item: Item
  resolve(answer: Answer): void
  reject(error: unknown): void
}

export class Coalesced<Item, Answer> {
  /** Asked since the last statement was sent. */
  #waiting: Waiting<Item, Answer>[] = []
  #underWay: { sentAt: number } | null = null
  /** Whether the end of this turn of the event loop sends a statement. */
  #isDue = false
  /** Passes on the answers that came in this turn. */
  readonly #answered: (() => void)[] = []

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
      this.#sendSoon()
    })
  }

  /** At the end of this turn of the event loop, when all requests that came with it have asked. */
  #sendSoon(): void {
    const isBusy = this.#underWay !== null && performance.now() - this.#underWay.sentAt < patienceMilliseconds
    if (this.#isDue || isBusy || this.#waiting.length === 0) return
    this.#isDue = true
    setImmediate(() => this.#endTurn())
  }

  /** Sends before it passes on answers, so that the database works while they are used. */
  #endTurn(): void {
    this.#isDue = false
    const answered = this.#answered.splice(0)
    void this.#send(this.#waiting.splice(0, this.most))
    for (const passOn of answered) passOn()
  }

  async #send(asked: Waiting<Item, Answer>[]): Promise<void> {
    const underWay = { sentAt: performance.now() }
    this.#underWay = underWay
    const passOn = await this.#outcome(asked)
    if (this.#underWay === underWay) this.#underWay = null
    this.#sendSoon()
    if (this.#isDue) this.#answered.push(passOn)
    else passOn()
  }

  async #outcome(asked: readonly Waiting<Item, Answer>[]): Promise<() => void> {
    try {
      const answers = await this.send(asked.map(({ item }) => item))
      return () => {
        for (const [index, { resolve }] of asked.entries()) resolve(answers[index])
      }
    } catch (error) {
      return () => {
        for (const { reject } of asked) reject(error)
      }
    }
  }
}

/** Rows by their name; `look` gives those of the names that there are, and is asked for each name once. */
export function coalescedRows<Row>(
  look: (names: string[]) => Promise<ReadonlyMap<string, Row>>,
): Coalesced<string, Row | undefined> {
  return new Coalesced(async (names) => {
    const rows = await look([...new Set(names)])
    return names.map((name) => rows.get(name))
  })
}
