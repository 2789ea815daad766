/** Runs a reading process for an upload, and always ends it. */
import type { ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { startIsolated } from '../../base/isolated-process.js'
import { Problem, stopping } from '../../contract/problems.js'
import type { Prepared } from '../prepare.js'
import { DatasetError } from '../table.js'
import { limitExceeded } from './limits.js'
import type { FromReadingProcess, ReadingRequest, ToReadingProcess } from './messages.js'

const memoryCheckMilliseconds = 100
/** The length of the standard error that is logged. */
const keptErrorCharacters = 4_096

/** The disk is full. The message is the one of the system. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
}

/**
 * Yields the pieces of the files as they are read. Kills the process if the caller stops iterating or aborts
 * the signal.
 * @throws DatasetError when the file is invalid or exceeds a limit, DiskFull, or the reason of the signal
 */
export async function* readInProcess(
  request: ReadingRequest,
  signal: AbortSignal,
  script: URL,
): AsyncGenerator<Prepared> {
  const { limits } = request
  signal.throwIfAborted()
  const child = startIsolated(script, {
    execArgv: [`--max-old-space-size=${Math.ceil(limits.memoryBytes / 1024 ** 2)}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const ending = new AbortController()
  const end = (reason: unknown) => {
    ending.abort(reason)
    child.kill('SIGKILL')
  }
  const onAbort = () => end(signal.reason)
  signal.addEventListener('abort', onAbort)
  const timeLimit = setTimeout(() => {
    end(
      limitExceeded(
        limits,
        'readingSeconds',
        `reading the file took more than ${limits.readingSeconds} seconds`,
      ),
    )
  }, limits.readingSeconds * 1_000)
  const tooMuchMemory = () => limitExceeded(limits, 'memoryBytes', 'reading the file needs more memory')
  const memoryLimit = setInterval(async () => {
    if ((await residentBytes(child)) > limits.memoryBytes) end(tooMuchMemory())
  }, memoryCheckMilliseconds)
  const errorOutput = keepErrorOutput(child)
  child.once('error', end)
  child.once('exit', (code, killer) => {
    // V8 aborts if its heap is full.
    if (killer === 'SIGABRT' || code === 134) ending.abort(tooMuchMemory())
    ending.abort(
      killer === null
        ? new Error(`the reading process ended with ${code}: ${errorOutput()}`)
        : killedProblem(killer),
    )
  })
  try {
    const messages = on(child, 'message', { signal: ending.signal })
    send(child, { type: 'read', request })
    for await (const [message] of messages as AsyncIterable<[FromReadingProcess]>) {
      switch (message.type) {
        case 'rows':
        case 'description':
          yield message.type === 'rows' ? message.piece : await parseDescription(message)
          ending.signal.throwIfAborted()
          send(child, { type: 'taken' })
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

/** The system kills processes if memory is short, and a supervisor stops all processes of the service. */
function killedProblem(signal: NodeJS.Signals): Problem {
  return signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP'
    ? stopping()
    : new Problem(
        'overloaded',
        `The system ended the process that read the file (${signal}), which it does if memory is short. Retry later.`,
      )
}

type Description = Extract<FromReadingProcess, { type: 'description' }>

/** In two turns of the event loop. Trusts the process with the format of its messages. */
async function parseDescription({ dataset, examples }: Description): Promise<Prepared> {
  const parsed = JSON.parse(dataset)
  await setImmediate()
  return { type: 'end', dataset: parsed, examples: JSON.parse(examples) }
}

function send(child: ChildProcess, message: ToReadingProcess): void {
  // The exit event reports a process that has just ended.
  if (child.connected) child.send(message, () => {})
}

/** Keeps the start of the output, which has the reason. */
function keepErrorOutput(child: ChildProcess): () => string {
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (output.length < keptErrorCharacters) output += chunk.toString().slice(0, keptErrorCharacters)
  })
  return () => output
}

/** 0 if the system has no /proc. Then only the heap of V8 is limited. */
async function residentBytes({ pid }: ChildProcess): Promise<number> {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

const hasCode = (error: unknown, ...codes: unknown[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && codes.includes(error.code)

export const isDiskFull = (error: unknown): boolean => hasCode(error, 'ENOSPC', 'EDQUOT')

/** Whether the system has no further process, memory or open file for an upload. */
export const isShortage = (error: unknown): boolean => hasCode(error, 'EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM')
