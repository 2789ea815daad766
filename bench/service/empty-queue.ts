/** Jobs that do nothing, in BullMQ on a separate Redis: the cost of the queue alone. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { onExit } from '../cleanup.js'
import { BenchProcess } from './bench-process.js'
import type { EmptyQueueOrder, EmptyQueueReport } from './empty-queue.process.js'

type Side = BenchProcess<EmptyQueueOrder, EmptyQueueReport>

export class EmptyQueue {
  /** Also ends the server. */
  readonly stop = onExit(async () => {
    await this.adder.stop()
    await this.taker.stop()
    const exited = once(this.server, 'exit')
    this.server.kill('SIGTERM')
    await exited
  })

  private constructor(
    private readonly redis: string,
    private readonly server: ChildProcess,
    private readonly adder: Side,
    private readonly taker: Side,
  ) {}

  /** @throws Error where there is no redis-server. */
  static async start(): Promise<EmptyQueue> {
    execFileSync('redis-server', ['--version'])
    const port = await freePort()
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((resolve, reject) => {
      let output = ''
      server.once('exit', () => reject(new Error(`redis-server ended: ${output}`)))
      server.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('Ready to accept connections')) resolve()
      })
    })
    const side = (): Side => new BenchProcess('empty-queue.process.js')
    return new EmptyQueue(`redis://127.0.0.1:${port}`, server, side(), side())
  }

  /** Jobs taken a second when all of them are queued first. */
  async takenRate(jobs: number): Promise<number> {
    await this.adder.ask({ type: 'addAll', redis: this.redis, jobs })
    const { begin, end } = await this.taker.ask({ type: 'take', redis: this.redis, jobs })
    return (1_000 * jobs) / (end - begin)
  }

  /** Jobs a second from the first added to the last taken, while both go on. */
  async rate(jobs: number): Promise<number> {
    const taken = this.taker.ask({ type: 'take', redis: this.redis, jobs })
    const { begin } = await this.adder.ask({ type: 'addEach', redis: this.redis, jobs })
    const { end } = await taken
    return (1_000 * jobs) / (end - begin)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
