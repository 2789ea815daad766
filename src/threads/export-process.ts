/**
 * Runs the process that writes the files of exported models. A separate process, because the runtimes that verify files
 * take hundreds of megabytes, and V8 compiles for them on threads that all threads of a process share.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { DeadlineError, withDeadline } from '../base/deadline.js'
import { startIsolated } from '../base/isolated-process.js'
import { Problem, stopping } from '../contract/problems.js'
import type { ExportOutcome, ExportProcess } from '../training/ports/export-process.js'
import type { BackendSetting, FromExportProcess, ToExportProcess } from './messages.js'

/** The time limit of one file. */
const maximumSeconds = 300

/** The process ends after this time without an export, and gives back its memory. */
const idleMilliseconds = 30_000

/** The files run on some rows only, which does not pay for the optimizing compiler of WebAssembly. */
const execArgv = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']

export function openExportProcess(backend: BackendSetting): ExportProcess & { close(): Promise<void> } {
  let child: ChildProcess | undefined
  let idle: NodeJS.Timeout | undefined
  let isClosed = false

  function start(): ChildProcess {
    const script = new URL('./export.process.js', import.meta.url)
    const started = startIsolated(script, { execArgv, stdio: ['pipe', 'ignore', 'inherit', 'ipc'] })
    // Running exports hear of the end by the other events.
    started.stdin?.on('error', () => {})
    started.on('error', () => {})
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    return started
  }

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const stopped = child
    child = undefined
    if (stopped?.pid === undefined || stopped.exitCode !== null || stopped.signalCode !== null) return
    const exited = once(stopped, 'exit')
    stopped.kill('SIGKILL')
    await exited
  }

  return {
    async export(task, weights, path) {
      if (isClosed) throw stopping()
      clearTimeout(idle)
      child ??= start()
      try {
        const outcome = await runTask(child, { backend, task, path }, weights)
        idle = setTimeout(() => void stop(), idleMilliseconds).unref()
        return outcome
      } catch (error) {
        // It may wait for the rest of the weights.
        await stop()
        throw isClosed ? stopping() : error
      }
    },
    close() {
      isClosed = true
      return stop()
    },
  }
}

async function runTask(
  child: ChildProcess,
  order: ToExportProcess,
  weights: AsyncIterable<Uint8Array>,
): Promise<ExportOutcome> {
  const ending = new AbortController()
  const end = (how: unknown) => ending.abort(ended(how))
  const onExit = (code: number | null, signal: string | null) => end(signal ?? code)
  child.once('error', end).once('exit', onExit)
  try {
    return await withDeadline(
      1_000 * maximumSeconds,
      (signal) => ask(child, order, weights, signal),
      ending.signal,
    )
  } catch (error) {
    if (error instanceof DeadlineError)
      throw new Problem('overloaded', `The export took more than ${maximumSeconds} seconds. Retry later.`)
    throw error
  } finally {
    child.off('error', end).off('exit', onExit)
  }
}

async function ask(
  child: ChildProcess,
  order: ToExportProcess,
  weights: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ExportOutcome> {
  if (child.stdin === null || !child.connected) throw shortage()
  const answered = once(child, 'message', { signal })
  // The error is that of the weights, if they have one.
  answered.catch(() => {})
  child.send(order, () => {})
  for await (const piece of weights) {
    if (!child.stdin.write(piece)) await once(child.stdin, 'drain', { signal })
  }
  const [answer]: FromExportProcess[] = await answered
  if (answer.type === 'diskFull') throw diskFull()
  if (answer.type === 'failed') throw new Error(answer.message)
  return answer.outcome
}

const ended = (how: unknown) =>
  new Problem(
    'overloaded',
    `The process that writes exported files ended (${how}), as the system ends processes if memory is short. Retry later.`,
  )

const shortage = () =>
  new Problem('overloaded', 'The system has no process, memory or open file for an export. Retry later.')

const diskFull = () =>
  new Problem(
    'insufficient-storage',
    'The disk for temporary files has no space left for the exported file. Retry later.',
  )
