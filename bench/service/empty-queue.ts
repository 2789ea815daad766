/** Jobs that do nothing, in BullMQ on a Redis of their own: what a queue costs without what is queued. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { EmptyQueueOrder, EmptyQueueReport } from './empty-queue.process.js'
import { Helper } from './helper.js'

type Side = Helper<EmptyQueueOrder, EmptyQueueReport>

export class EmptyQueue {
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
    const side = (): Side => new Helper('empty-queue.process.js')
    return new EmptyQueue(`redis://127.0.0.1:${port}`, server, side(), side())
  }

  /** Jobs a second that are taken where all of them wait. */
  async takenRate(jobs: number): Promise<number> {
    await this.adder.ask({ type: 'addAll', redis: this.redis, jobs })
    const { begin, end } = await this.taker.ask({ type: 'take', redis: this.redis, jobs })
    return (1_000 * jobs) / (end - begin)
  }

  /** Jobs a second from the first that is added to the last that is taken, both at once. */
  async rate(jobs: number): Promise<number> {
    const taken = this.taker.ask({ type: 'take', redis: this.redis, jobs })
    const { begin } = await this.adder.ask({ type: 'addEach', redis: this.redis, jobs })
    const { end } = await taken
    return (1_000 * jobs) / (end - begin)
  }

  async stop(): Promise<void> {
    await this.adder.stop()
    await this.taker.stop()
    const exited = once(this.server, 'exit')
    this.server.kill('SIGTERM')
    await exited
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
