/** Starts a reading process for an upload, and ends it whatever happens. */
import { type ChildProcess, fork } from 'node:child_process'
import { on, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Prepared } from '../prepare.js'
import { DatasetError } from '../table.js'
import { beyond } from './limits.js'
import type { FromReadingProcess, ReadingRequest, ToReadingProcess } from './messages.js'

const memoryCheckMilliseconds = 100
/** Of standard error, for the log. */
const keptErrorCharacters = 4_096

/** The disk has no room for the file; `message` is the system's. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
}

/**
 * What the files hold, as it is read. Whoever stops taking pieces, or aborts the signal, kills the process.
 * @throws DatasetError when the file is at fault or a limit was passed, DiskFull, or the signal's reason
 */
export async function* readInProcess(
  request: ReadingRequest,
  signal: AbortSignal,
  script: URL,
): AsyncGenerator<Prepared> {
  const { limits } = request
  signal.throwIfAborted()
  const child = start(script, limits.memoryBytes)
  const ending = new AbortController()
  const end = (reason: unknown) => {
    ending.abort(reason)
    child.kill('SIGKILL')
  }
  const onAbort = () => end(signal.reason)
  signal.addEventListener('abort', onAbort)
  const timeLimit = setTimeout(() => {
    end(
      beyond(
        limits,
        'readingSeconds',
        `after ${limits.readingSeconds} seconds the file was still being read`,
      ),
    )
  }, limits.readingSeconds * 1_000)
  const tooMuchMemory = () => beyond(limits, 'memoryBytes', 'reading the file takes more memory')
  const memoryLimit = setInterval(async () => {
    if ((await residentBytes(child)) > limits.memoryBytes) end(tooMuchMemory())
  }, memoryCheckMilliseconds)
  const errorOutput = keepErrorOutput(child)
  child.once('error', end)
  child.once('exit', (code, killer) => {
    // V8 aborts when its heap is full.
    if (killer === 'SIGABRT' || code === 134) ending.abort(tooMuchMemory())
    ending.abort(new Error(`the reading process ended with ${killer ?? code}: ${errorOutput()}`))
  })
  try {
    const messages = on(child, 'message', { signal: ending.signal })
    tell(child, { type: 'read', request })
    for await (const [message] of messages as AsyncIterable<[FromReadingProcess]>) {
      switch (message.type) {
        case 'piece':
          yield message.piece
          ending.signal.throwIfAborted()
          tell(child, { type: 'taken' })
          break
        case 'end':
          return
        case 'refused':
          throw new DatasetError(message.code, message.message)
        case 'failed':
          if (isDiskFull(message)) throw new DiskFull(message.message)
          throw new Error(message.message)
        default:
          message satisfies never
      }
    }
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error
  } finally {
    clearTimeout(timeLimit)
    clearInterval(memoryLimit)
    signal.removeEventListener('abort', onAbort)
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
  }
}

function start(script: URL, memoryBytes: number): ChildProcess {
  return fork(fileURLToPath(script), {
    // Nothing of the service's environment, which has the way to its database in it.
    env: {},
    execArgv: [`--max-old-space-size=${Math.ceil(memoryBytes / 1024 ** 2)}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

function tell(child: ChildProcess, message: ToReadingProcess): void {
  // A process that has just ended is told of by its exit.
  if (child.connected) child.send(message, () => {})
}

/** Kept from the beginning, where the reason stands. */
function keepErrorOutput(child: ChildProcess): () => string {
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (output.length < keptErrorCharacters) output += chunk.toString().slice(0, keptErrorCharacters)
  })
  return () => output
}

/** Where the system does not say it, only V8's heap is limited. */
async function residentBytes({ pid }: ChildProcess): Promise<number> {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

export function isDiskFull(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  )
}
