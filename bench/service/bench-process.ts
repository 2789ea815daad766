/** Separate processes: load generators, and the bare servers that services are compared with. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process that answers each message with one message. Ends with this process. */
export class BenchProcess<MeasuredRequest extends object, Reply> {
  readonly #child: ChildProcess

  /** @param file in this folder, such as `load.process.js` */
  constructor(private readonly file: string) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)))
  }

  async ask(question: MeasuredRequest): Promise<Reply> {
    const ended = new AbortController()
    const exited = once(this.#child, 'exit', { signal: ended.signal }).then(
      () => {
        throw new Error(`${this.file} ended`)
      },
      () => new Promise<never>(() => {}),
    )
    const answered: Promise<[Reply | Failure]> = once(this.#child, 'message') as Promise<[Reply | Failure]>
    this.#child.send(question)
    const [reply] = await Promise.race([answered, exited])
    ended.abort()
    if (isFailure(reply)) throw new Error(`${this.file}: ${reply.failure}`)
    return reply
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

interface Failure {
  failure: string
}

const isFailure = (reply: unknown): reply is Failure =>
  typeof reply === 'object' && reply !== null && 'failure' in reply

/** Runs in the other process. */
export function answerMessages<MeasuredRequest, Reply>(
  answer: (question: MeasuredRequest) => Promise<Reply>,
): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (question: MeasuredRequest) => {
    answer(question).then(
      (reply) => process.send?.(reply),
      (error: unknown) => process.send?.({ failure: String(error) } satisfies Failure),
    )
  })
}
