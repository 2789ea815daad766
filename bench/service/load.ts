/** Requests a second that a server answers, sent by a separate process. */
import { Helper } from './helper.js'
import type { Load, LoadReport } from './load.process.js'

export class LoadGenerator {
  readonly #helper = new Helper<Load, LoadReport>('load.process.js')

  /** @throws Error where the server refuses any. */
  async rate(port: number, request: Buffer, connections: number, milliseconds: number): Promise<number> {
    const load = { port, request: request.toString(), connections, milliseconds }
    const { rate, refused } = await this.#helper.ask(load)
    if (refused > 0) throw new Error(`the server refused ${refused} requests`)
    return rate
  }

  stop(): Promise<void> {
    return this.#helper.stop()
  }
}
