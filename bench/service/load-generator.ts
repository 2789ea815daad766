/** Requests a second that a server answers, sent by a separate process. */
import { BenchProcess } from './bench-process.js'
import type { Load, LoadReport } from './load.process.js'

export class LoadGenerator {
  readonly #process = new BenchProcess<Load, LoadReport>('load.process.js')

  /** @throws Error where the server refuses any. */
  async rate(port: number, request: Buffer, connections: number, milliseconds: number): Promise<number> {
    const load = { port, request: request.toString(), connections, milliseconds }
    const { rate, refused } = await this.#process.ask(load)
    if (refused > 0) throw new Error(`the server refused ${refused} requests`)
    return rate
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}
