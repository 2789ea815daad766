/**
 * Combines concurrent requests into one statement. A request waits while a statement is running, and is sent
 * with the next one, so each answer is as fresh as that of a separate statement.
 */

/**
 * After this time, the next statement is sent although one is still running, so that one that hangs does not
 * block all others.
 */
const maximumWaitMilliseconds = 1_000

/** A request. Its methods must not throw. */
interface Waiting<Item, Answer> {
  readonly item: Item
  resolve(answer: Answer): void
  reject(error: unknown): void
}

export class Coalesced<Item, Answer> {
  /** Items that came after the last statement was sent. */
  #waiting: Waiting<Item, Answer>[] = []
  #underWay: { sentAt: number } | null = null
  /** Whether a statement will be sent at the end of this turn of the event loop. */
  #isDue = false
  /** Pass on the answers that came in this turn. */
  readonly #answered: (() => void)[] = []

  /**
   * @param send answers the items in their order; if it rejects, all of them reject
   * @param most the maximum number of items per statement
   */
  constructor(
    private readonly send: (items: Item[]) => Promise<Answer[]>,
    private readonly most = 1_000,
  ) {}

  request(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => this.add({ item, resolve, reject }))
  }

  /** Like `request`, without a promise. */
  add(waiting: Waiting<Item, Answer>): void {
    this.#waiting.push(waiting)
    this.#sendSoon()
  }

  /** At the end of the turn, all requests that came with it have added their items. */
  #sendSoon(): void {
    const isBusy =
      this.#underWay !== null && performance.now() - this.#underWay.sentAt < maximumWaitMilliseconds
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

  async #send(items: Waiting<Item, Answer>[]): Promise<void> {
    const underWay = { sentAt: performance.now() }
    this.#underWay = underWay
    const passOn = await this.#outcome(items)
    if (this.#underWay === underWay) this.#underWay = null
    this.#sendSoon()
    if (this.#isDue) this.#answered.push(passOn)
    else passOn()
  }

  async #outcome(items: readonly Waiting<Item, Answer>[]): Promise<() => void> {
    try {
      const answers = await this.send(items.map(({ item }) => item))
      return () => {
        for (let index = 0; index < items.length; index++) items[index].resolve(answers[index])
      }
    } catch (error) {
      return () => {
        for (const each of items) each.reject(error)
      }
    }
  }
}

/** Rows by key. `load` returns the existing ones of distinct keys. */
export function coalescedRows<Row>(
  load: (names: string[]) => Promise<ReadonlyMap<string, Row>>,
): Coalesced<string, Row | undefined> {
  return new Coalesced(async (names) => {
    const rows = await load([...new Set(names)])
    return names.map((name) => rows.get(name))
  })
}
